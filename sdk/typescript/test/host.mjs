// A host that starts a server, prints its process id and waits until it is killed.
import { Easel } from "@easel/sdk";

const easel = new Easel();
await easel.startThread();
console.log((await easel.info()).pid);
setInterval(() => {}, 1000);
