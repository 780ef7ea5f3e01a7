# What an interactive zsh offers: its arguments are a completion script, and then lines. For each line, what
# is offered at its end, one a line, and a line `==`.
zmodload zsh/zpty

typeset -r script=$1 setup=$2
shift 2

for line in "$@"; do
  zpty z zsh -f -i
  zpty -w z "source $setup $script"
  zpty -r z seen $'*\1ready\1*'
  zpty -w -n z "$line"$'\t'
  zpty -r z seen $'*\1<*>\1*'
  print -r -- "${${seen#*$'\1<'}%%$'>\1'*}"
  print -r -- '=='
  zpty -d z
done
