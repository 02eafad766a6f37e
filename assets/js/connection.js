// Offline banner, sign-in when the session ended, and polls that go on after a failure.
import htmx from "htmx.org/dist/htmx.esm.js";
import { toast } from "./toast.js";

const RETRY_AFTER = 5000;
let timer;

function setOffline(isOffline) {
  const banner = document.getElementById("offline");
  if (banner) banner.hidden = !isOffline;
}

// A poll replaces itself with the answer, so a failed answer would end it: ask again.
// Markup: <div data-poll hx-get="…" hx-trigger="load delay:1s, retry">
function retryPolls() {
  clearTimeout(timer);
  timer = setTimeout(() => document.querySelectorAll("[data-poll]").forEach((one) => htmx.trigger(one, "retry")), RETRY_AFTER);
}

addEventListener("offline", () => setOffline(true));
addEventListener("online", () => {
  setOffline(false);
  retryPolls();
});

document.addEventListener("htmx:before:response", (event) => {
  const { ctx } = event.detail;
  if (ctx.response.status === 401) {
    event.preventDefault();
    const back = location.pathname + location.search;
    location.assign(`${document.body.dataset.signIn}?next=${encodeURIComponent(back)}`);
  } else if (ctx.response.status >= 500) {
    if (ctx.sourceElement.matches("[data-poll]")) retryPolls();
    else toast(document.body.dataset.textServerError, "bad");
  } else {
    setOffline(false);
  }
});

document.addEventListener("htmx:error", (event) => {
  if (!event.detail.ctx || event.detail.ctx.response) return; // the network failed, not our code
  if (!event.detail.ctx.sourceElement.matches("[data-poll]")) toast(document.body.dataset.textOffline, "bad");
  setOffline(true);
  retryPolls();
});
