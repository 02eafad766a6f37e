// Everything a browser runs in the Creator Portal: small, without htmx. No strings here: texts come from data-* attributes.
import "./portal-copy.js";
import "./portal-passkey.js";
import "./portal-read.js";
import "./theme.js";
import "./times.js";
