import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeSafetensors, encodeSafetensors } from "@concordat/protocol/artifacts/safetensors";
import type { ModelTensors, TensorSpec } from "@concordat/protocol/artifacts/tensors";
import { writeWhole } from "@concordat/files/durableFile";

/** Models of one topology as files in a folder, each whole or not there. */
export class ModelFolder {
  readonly #dir: string;
  readonly #specs: readonly TensorSpec[];

  private constructor(dir: string, specs: readonly TensorSpec[]) {
    this.#dir = dir;
    this.#specs = specs;
  }

  static async open(dir: string, specs: readonly TensorSpec[]): Promise<ModelFolder> {
    await mkdir(dir, { recursive: true });
    return new ModelFolder(dir, specs);
  }

  async read(name: string): Promise<ModelTensors | undefined> {
    try {
      const bytes = new Uint8Array(await readFile(this.#path(name)));
      return decodeSafetensors(bytes, this.#specs).tensors;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async write(name: string, tensors: ModelTensors): Promise<void> {
    await writeWhole({ path: this.#path(name), bytes: encodeSafetensors({ name }, tensors) });
  }

  #path(name: string): string {
    return join(this.#dir, `${name.replaceAll(/[^A-Za-z0-9.]+/g, "-")}.safetensors`);
  }
}
