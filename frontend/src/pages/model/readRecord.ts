import type { DatasetTerms } from "@concordat/protocol/manifest/datasetTerms";
import { recordSize } from "@concordat/protocol/manifest/datasetTerms";
import { InputError } from "@concordat/protocol/errors";
import { readDecimal } from "@concordat/learning/data/decimalNumber";
import type { Picture } from "@concordat/learning/data/picture";

/**
 * An image file as the model sees it: turned as it says, laid over white, scaled to the model's size, in grey or colour, normalised.
 * PNG and JPEG are read by the code that nodes read their own pictures with; what only the browser knows, by the browser.
 * @throws {InputError} when it is no image, or damaged.
 */
export async function imageRecord(file: Blob, dataset: DatasetTerms): Promise<Float32Array> {
  const [height = 1, width = 1, channels = 1] = dataset.inputShape;
  const { decodePicture, fitPicture, isReadable } = await import("@concordat/learning/data/picture");
  const bytes = new Uint8Array(await file.arrayBuffer());
  const picture = isReadable(bytes) ? decoded(() => decodePicture(bytes)) : await drawn(file);
  const fitted = fitPicture(picture, height, width, channels);
  return Float32Array.from(fitted, (byte, i) => normalised(byte / 255, i % channels, dataset));
}

function decoded(decode: () => Picture): Picture {
  try {
    return decode();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new InputError(`This image cannot be read: ${why}`, { hint: "Choose another one", cause });
  }
}

/** An image that the browser decodes, upright and over white, at its own size. */
async function drawn(file: Blob): Promise<Picture> {
  const image = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => undefined);
  if (image === undefined)
    throw new InputError("This file is not an image", { hint: "Choose a PNG, JPEG or WebP" });
  const { width, height } = image;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  if (context === null) throw new InputError("This browser cannot read the image");
  context.drawImage(image, 0, 0);
  image.close();
  const { overBackground } = await import("@concordat/learning/data/pictures/pixels");
  const { data } = context.getImageData(0, 0, width, height);
  return overBackground({ width, height, channels: 4, data: new Uint8Array(data.buffer) }).picture;
}

/** A row of numbers, normalised. @throws {InputError} unless it has as many as the model takes, in decimal notation. */
export function rowRecord(text: string, dataset: DatasetTerms): Float32Array {
  const words = text.split(/[\s,;]+/).filter(Boolean);
  const size = recordSize(dataset);
  const values = words.map((word) => {
    const found = readDecimal(word);
    if ("value" in found) return found.value;
    throw new InputError(`"${word.slice(0, 40)}" is ${found.problem}`, { hint: found.hint });
  });
  if (values.length !== size) {
    throw new InputError(`The model takes ${size} numbers, this has ${values.length}`, {
      hint: "Separate them by commas or spaces",
    });
  }
  const channels = dataset.inputShape.at(-1) ?? 1;
  return Float32Array.from(values, (value, index) => normalised(value, index % channels, dataset));
}

function normalised(value: number, channel: number, { mean, std }: DatasetTerms): number {
  return (value - (mean[channel] ?? 0)) / (std[channel] ?? 1);
}
