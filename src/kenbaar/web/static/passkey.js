// Passkeys. With the prf extension a device makes a key that never leaves it: it seals the recovery code of somebody who
// holds their own key, and opens it again. What is sent to the server holds neither that key nor the code opened here,
// but for the code itself when it signs in, as if it had been typed.
const supported = 'PublicKeyCredential' in window && 'parseCreationOptionsFromJSON' in PublicKeyCredential;
const form = document.querySelector('form[method="post"] input[name="_csrf"]');

async function post(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-CSRF': form ? form.value : '' },
    body: JSON.stringify(body),
  });
  const told = await response.json();
  if (!response.ok) throw new Error(`${told.what} ${told.do}`);
  return told;
}

const bytesOf = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
const toText = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
const fromText = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));

async function keyOf(prf) {
  const secret = await crypto.subtle.importKey('raw', prf, 'HKDF', false, ['deriveKey']);
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(32), info: new TextEncoder().encode('kenbaar recovery code v1') };
  return crypto.subtle.deriveKey(derivation, secret, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}

async function sealed(code, prf) {
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const closed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: nonce }, await keyOf(prf), new TextEncoder().encode(code));
  return toText(new Uint8Array([...nonce, ...new Uint8Array(closed)]));
}

async function unsealed(text, prf) {
  const bytes = fromText(text);
  const open = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: bytes.slice(0, 12) }, await keyOf(prf), bytes.slice(12));
  return new TextDecoder().decode(open);
}

// toJSON() holds what the device made with prf: that is the person's key, and stays here.
function withoutSecrets(credential) {
  const plain = credential.toJSON();
  plain.clientExtensionResults = {};
  return plain;
}

const prfOf = (credential) => credential.getClientExtensionResults().prf;

// A device that is not there, or does not answer, would keep the page waiting for a minute and more.
const PATIENCE_MS = 30000;

async function patiently(does) {
  const waiting = new AbortController();
  const timer = setTimeout(() => waiting.abort(), PATIENCE_MS);
  try {
    return await does(waiting.signal);
  } finally {
    clearTimeout(timer);
  }
}

async function ask(salt, options) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  publicKey.extensions = { prf: { eval: { first: bytesOf(salt) } } };
  return patiently((signal) => navigator.credentials.get({ publicKey, signal }));
}

async function make(button, say) {
  const told = await post('/passkeys/new', {});
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(told.options);
  publicKey.extensions = { prf: { eval: { first: bytesOf(told.salt) } } };
  const credential = await patiently((signal) => navigator.credentials.create({ publicKey, signal }));
  let wrapped = null;
  if (told.holds) {
    const field = document.querySelector(button.dataset.code);
    const code = field ? (field.value || field.textContent).trim() : '';
    const prf = prfOf(credential);
    let secret = prf && prf.results && prf.results.first;
    if (!secret && prf && prf.enabled) {
      const publicAsk = { challenge: crypto.getRandomValues(new Uint8Array(32)), userVerification: 'required',
        allowCredentials: [{ type: 'public-key', id: credential.rawId }], extensions: { prf: { eval: { first: bytesOf(told.salt) } } } };
      const again = prfOf(await navigator.credentials.get({ publicKey: publicAsk }));
      secret = again && again.results && again.results.first;
    }
    if (!secret || !code) {
      say(button.dataset.none);
      return;
    }
    wrapped = await sealed(code, secret);
  }
  const label = new Date().toISOString().slice(0, 10);
  await post('/passkeys', { credential: withoutSecrets(credential), wrapped, label });
  say(button.dataset.done);
  button.hidden = true;
}

async function signIn(button, say) {
  const told = await post('/passkeys/ask', {});
  if (form) form.value = told.csrf;
  const credential = await ask(told.salt, told.options);
  const answer = await post('/passkeys/answer', { credential: withoutSecrets(credential), next: button.dataset.next || '/' });
  if (!answer.wrapped) {
    location.assign(answer.next);
    return;
  }
  const prf = prfOf(credential);
  if (!prf || !prf.results) {
    say(button.dataset.none);
    return;
  }
  const field = document.querySelector('input[name="code"]');
  field.value = await unsealed(answer.wrapped, prf.results.first);
  field.form.submit();
}

for (const button of document.querySelectorAll('[data-passkey]')) {
  if (!supported) break;
  const words = button.parentElement.querySelector('[data-passkey-words]');
  const say = (text) => { words.textContent = text; words.hidden = false; };
  button.hidden = false;
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      await (button.dataset.passkey === 'new' ? make(button, say) : signIn(button, say));
    } catch (err) {
      say(['NotAllowedError', 'AbortError'].includes(err.name) ? button.dataset.refused : err.message);
    } finally {
      button.disabled = false;
    }
  });
}
