// <form data-passkey="get|create" data-options="…">: asks what to sign, lets the authenticator answer, sends the form.
const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential || !isSecureContext) continue;
  form.hidden = false;
  form.querySelector("button").addEventListener("click", () => run(form));
}

async function run(form) {
  const button = form.querySelector("button");
  const failed = form.querySelector("[role=alert]");
  failed.textContent = "";
  button.disabled = true;
  try {
    const token = form.elements.csrfmiddlewaretoken.value;
    const answer = await fetch(form.dataset.options, { method: "POST", headers: { "X-CSRFToken": token } });
    if (!answer.ok) throw new Error(answer.status);
    form.elements.answer.value = JSON.stringify(await asked(form.dataset.passkey, await answer.json()));
    form.submit();
  } catch {
    failed.textContent = form.dataset.textFailed;
    button.disabled = false;
  }
}

async function asked(kind, options) {
  const publicKey = { ...options, challenge: toBytes(options.challenge) };
  if (options.user) publicKey.user = { ...options.user, id: toBytes(options.user.id) };
  if (options.excludeCredentials) {
    publicKey.excludeCredentials = options.excludeCredentials.map((one) => ({ ...one, id: toBytes(one.id) }));
  }
  const made = await navigator.credentials[kind]({ publicKey });
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[name]) response[name] = toText(made.response[name]);
  }
  return { id: made.id, rawId: toText(made.rawId), type: made.type, clientExtensionResults: {}, response };
}
