import type { DatasetTerms } from "../../../../protocol/datasetTerms.ts";
import { recordSize } from "../../../../protocol/datasetTerms.ts";
import { InputError } from "../../../../protocol/errors.ts";

/** An image file as the model sees it: scaled to its size, in grey or colour, normalised. */
export async function imageRecord(file: Blob, dataset: DatasetTerms): Promise<Float32Array> {
  const [height = 1, width = 1, channels = 1] = dataset.inputShape;
  const image = await createImageBitmap(file).catch(() => undefined);
  if (image === undefined)
    throw new InputError("This file is not an image", { hint: "Choose a PNG, JPEG or WebP" });
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  if (context === null) throw new InputError("This browser cannot read the image");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, width, height);
  image.close();
  const { data } = context.getImageData(0, 0, width, height);
  const record = new Float32Array(height * width * channels);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const [red = 0, green = 0, blue = 0] = data.subarray(4 * pixel, 4 * pixel + 3);
    // ITU-R BT.601, as grey images are commonly made.
    const values = channels === 1 ? [0.299 * red + 0.587 * green + 0.114 * blue] : [red, green, blue];
    for (let channel = 0; channel < channels; channel++) {
      record[pixel * channels + channel] = normalised((values[channel] ?? 0) / 255, channel, dataset);
    }
  }
  return record;
}

/** A row of numbers, normalised. @throws {InputError} unless it has as many as the model takes. */
export function rowRecord(text: string, dataset: DatasetTerms): Float32Array {
  const values = text
    .split(/[\s,;]+/)
    .filter(Boolean)
    .map(Number);
  const size = recordSize(dataset);
  if (values.length !== size || values.some((value) => !Number.isFinite(value))) {
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
