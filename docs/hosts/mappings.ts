// Maps a result of `tool/call` with the format `anthropic` to other libraries. It needs none of them.

type Block = { type: "text"; text: string } | { type: "image"; source: { media_type: string; data: string } };
type Answer = { callId: string; success: boolean; images: unknown[]; result: { content: Block[] } };

/** For `toModelOutput` of a tool of the AI SDK, whose `execute` returns the answer. */
export function toAiSdk({ result, success }: Answer) {
  const text = result.content.map((block) => (block.type === "text" ? block.text : "")).join("\n");
  if (!success) return { type: "error-text", value: text } as const;
  const part = (block: Block) => block.type === "text" ? block
    : { type: "file", mediaType: block.source.media_type, data: { type: "data", data: block.source.data } } as const;
  return { type: "content" as const, value: result.content.map(part) };
}

/** For the constructor of LangChain's `ToolMessage`. The artifact stays with the host. */
export function toLangChain({ result, success, callId, images }: Answer) {
  const part = (block: Block) => block.type === "text" ? block
    : { type: "image", mime_type: block.source.media_type, data: block.source.data, source_type: "base64" } as const;
  const status = success ? "success" as const : "error" as const;
  return { content: result.content.map(part), artifact: images, tool_call_id: callId, status };
}

/** For the Chat Completions API, whose tool messages are text only: the pictures follow as a message of the user. */
export function toChat({ result, callId }: Answer) {
  const texts = result.content.flatMap((block) => (block.type === "text" ? [block.text] : []));
  const url = (source: { media_type: string; data: string }) => `data:${source.media_type};base64,${source.data}`;
  const pictures = result.content.flatMap((block) =>
    block.type === "image" ? [{ type: "image_url" as const, image_url: { url: url(block.source) } }] : []);
  const tool = { role: "tool" as const, tool_call_id: callId, content: texts.join("\n") };
  return pictures.length ? [tool, { role: "user" as const, content: pictures }] : [tool];
}
