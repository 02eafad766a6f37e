// <form data-read>: an opened letter is read. Sent by itself; without a connection the button stays.
const form = document.querySelector("form[data-read]");
if (form) {
  fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" })
    .then(() => (form.hidden = true))
    .catch(() => {});
}
