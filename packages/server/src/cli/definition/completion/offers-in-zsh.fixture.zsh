# Within the zsh that completes: prints what would be offered, between two signs that no line holds.
PROMPT=
unsetopt zle_bracketed_paste 2>/dev/null
# As it is installed: in a folder of fpath.
fpath=(${1:h} $fpath)
autoload -Uz compinit
compinit -u -D
bindkey '^I' complete-word
zstyle ':completion:*' insert-tab false

offers_begin() { print -n $'\1<' }
offers_end() { print -n $'>\1' }
compprefuncs=(offers_begin)
comppostfuncs=(offers_end)

compadd() {
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
    builtin compadd "$@"
    return
  fi
  local -a hits
  builtin compadd -A hits "$@"
  (( $#hits )) && print -rl -- $hits
  builtin compadd "$@"
}
print -n $'\1ready\1'
