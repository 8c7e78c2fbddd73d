// A provider that bills: it returns pictures that were drawn before, so that many images are made quickly.
import http from "node:http";

/** Serves pictures, in turn, as an images API. Returns the base URL and what closes the server. */
export function startStudio(pictures) {
  let next = 0;
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("latin1");
      const count = Number(/"n":\s*(\d+)/.exec(body)?.[1] ?? 1);
      const data = Array.from({ length: count }, () => ({ b64_json: pictures[next++ % pictures.length] }));
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ data }));
    });
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve({ url: `http://127.0.0.1:${server.address().port}/v1`, close: () => server.close() });
    });
  });
}
