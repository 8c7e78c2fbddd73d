// The images of a server of `easel gallery --serve`.

import type { ImageCompareResponse } from "../../../../schema/easel_app_server";
import { NotFound, Unauthorized, Unavailable } from "./source";
import type { HeatMap, ImageEntry, ImagePage, Picture, Source, ThreadName, UsageReadResponse } from "./source";

/**
 * Takes the token out of the address, which the history and the screen would keep. The session storage keeps it for
 * this tab, so that the page can be loaded again.
 */
function takeToken(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token !== null) {
    sessionStorage.setItem("token", token);
    history.replaceState(null, "", location.pathname);
  }
  return token ?? sessionStorage.getItem("token");
}

export class ServedSource implements Source {
  readonly isLive = true;
  readonly note = null;
  readonly #token = takeToken();

  images(cursor: string | null): Promise<ImagePage> {
    return this.#json(cursor === null ? "images" : `images?cursor=${encodeURIComponent(cursor)}`);
  }

  threads(): Promise<ThreadName[]> {
    return this.#json("threads");
  }

  usage(): Promise<UsageReadResponse> {
    return this.#json("usage");
  }

  thumbnail(image: ImageEntry, _index: number, signal: AbortSignal): Promise<Picture> {
    return this.#picture(`thumbnail/${image.image.id}`, signal);
  }

  picture(image: ImageEntry, _index: number, signal: AbortSignal): Promise<Picture> {
    return this.#picture(`picture/${image.image.id}`, signal);
  }

  async heatMap(base: ImageEntry, { image }: ImageEntry): Promise<HeatMap> {
    const mask = image.mask?.id ? `?mask=${encodeURIComponent(image.mask.id)}` : "";
    const compared = await this.#json<ImageCompareResponse>(`compare/${base.image.id}/${image.id}${mask}`);
    const { report, heatMap } = compared;
    if (!heatMap) throw new NotFound("There is no heat map.");
    return { url: `data:${heatMap.mediaType};base64,${heatMap.data}`, report };
  }

  async waitForChange(newest: string | null): Promise<string | null> {
    const path = newest === null ? "changes" : `changes?newest=${encodeURIComponent(newest)}`;
    return (await this.#json<{ newest: string | null }>(path)).newest;
  }

  async #json<T>(path: string): Promise<T> {
    return (await this.#get(path)).json() as Promise<T>;
  }

  async #picture(path: string, signal: AbortSignal): Promise<Picture> {
    const url = URL.createObjectURL(await (await this.#get(path, signal)).blob());
    return { url, release: () => URL.revokeObjectURL(url) };
  }

  async #get(path: string, signal?: AbortSignal): Promise<Response> {
    if (this.#token === null) {
      throw new Unauthorized("The address has no token. Open the address that easel gallery has printed.");
    }
    const headers = { authorization: `Bearer ${this.#token}` };
    const response = await fetch(`/api/${path}`, { headers, signal: signal ?? null }).catch((error: unknown) => {
      if (signal?.aborted) throw error;
      throw new Unavailable("The server does not respond. It may have ended.");
    });
    if (response.status === 401) {
      throw new Unauthorized("The token is not that of the server. Open the address that easel gallery has printed.");
    }
    if (response.status === 404) throw new NotFound(await response.text());
    if (response.status === 503) throw new Unavailable(await response.text());
    if (!response.ok) throw new Error(await response.text());
    return response;
  }
}
