// Before another program: each request that it makes to $BRIDGE_URL carries $BRIDGE_TOKEN, where it has no token of its own.
// Node's fetch and undici's own requests go by the same dispatcher; what is raw goes by node:http.
import http from "node:http";
import { getGlobalDispatcher, setGlobalDispatcher } from "undici";

const { BRIDGE_URL: url, BRIDGE_TOKEN: token } = process.env;
const origin = new URL(url).origin;
const bearer = `Bearer ${token}`;

/** The headers with the token: they come as an object, as pairs, or as a flat list. */
function withToken(headers) {
  const flat = Array.isArray(headers) ? headers.flat() : [...(headers?.entries?.() ?? Object.entries(headers ?? {}))].flat();
  const has = flat.some((word, n) => n % 2 === 0 && String(word).toLowerCase() === "authorization");
  return has ? flat : [...flat, "authorization", bearer];
}

setGlobalDispatcher(getGlobalDispatcher().compose((dispatch) => (options, handler) =>
  dispatch(String(options.origin) === origin ? { ...options, headers: withToken(options.headers) } : options, handler)));

const raw = http.request;
http.request = (...all) => {
  const request = raw(...all);
  const ours = request.getHeader("host") === new URL(url).host;
  if (ours && !request.hasHeader("authorization")) request.setHeader("authorization", bearer);
  return request;
};
