const { gate, client } = document.documentElement.dataset;
const application = `${gate}/.poorter/app/${client}`;
const at = (id) => document.getElementById(id);
const call = (url, method = 'GET') => fetch(url, { method, credentials: 'include' });

const who = await (await call(`${application}/session`)).json();
at('who').textContent = who.signedIn ? `Signed in as ${who.subject}` : 'Nobody is signed in.';
at('sign-in').href = `${application}/sign-in?return=/`;
at('sign-in').hidden = who.signedIn;
at('sign-out').hidden = !who.signedIn;
at('sign-out').onclick = async () => {
  await call(`${application}/sign-out`, 'POST');
  location.reload();
};
if (who.signedIn) {
  const accounts = await (await call(`${gate}/v1/accounts`)).json();
  at('accounts').textContent = JSON.stringify(accounts, null, 2);
}
