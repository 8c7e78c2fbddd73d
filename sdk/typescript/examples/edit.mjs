// Edits a local image, then the result, and prints both paths: node edit.mjs IMAGE PROMPT PROMPT
import { Easel, localImage } from "@easel/sdk";

const [source = "", first = "", second = ""] = process.argv.slice(2);
const easel = new Easel();
try {
  const thread = await easel.startThread();
  const edit = await thread.run([first, localImage(source)]);
  for (const image of edit.images) console.log(`${image.path} made from ${image.record.inputs.length} image`);
  // The thread remembers the result. Pass an `Image` to edit another one, such as one of another thread.
  const { images } = await thread.run([second, ...edit.images]);
  for (const image of images) console.log(`${image.path} made from ${image.record.inputs.length} image`);
} finally {
  await easel.close();
}
