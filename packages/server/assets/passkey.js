/* Signs in, or enrols, with a passkey. Without this file a page says so, and does nothing else. */
const form = document.querySelector('[data-passkey]');
const said = document.querySelector('.said');
const button = form.querySelector('button');
const { begin, finish, kind, failed, unsupported } = form.dataset;
const link = location.hash.slice(1) || undefined;
/* A link is good once: it stays in no history and in no address that somebody copies. */
if (link !== undefined) history.replaceState(null, '', location.pathname);

const post = async (path, body) => {
  const answer = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const told = await answer.json();
  if (!answer.ok) throw { said: told.said };
  return told;
};

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  said.textContent = '';
  if (typeof PublicKeyCredential?.parseCreationOptionsFromJSON !== 'function') {
    said.textContent = unsupported;
    return;
  }
  button.disabled = true;
  try {
    const options = await post(begin, { link });
    const credential =
      kind === 'enrol'
        ? await navigator.credentials.create({
            publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
          })
        : await navigator.credentials.get({
            publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
          });
    const number = new FormData(form).get('number') ?? undefined;
    const { location: next, done } = await post(finish, {
      link,
      credential: credential.toJSON(),
      number,
    });
    if (next !== undefined) location.assign(next);
    else {
      form.hidden = true;
      document.querySelector('[data-done]').textContent = done;
    }
  } catch (error) {
    /* What a browser says of it is not for people. */
    said.textContent = error.said ?? failed;
  }
  button.disabled = false;
});
