import { encode } from "fast-png";
import { recordSize } from "@concordat/protocol/manifest/datasetTerms";
import type { Dataset } from "./dataset.ts";

/** Pictures of each class on the sheet, the first ones of the training file. */
const PER_CLASS = 12;
/** Pixels between pictures. */
const GAP = 2;
const BACKGROUND = 255;

/** A PNG with a row of training pictures for each class, or undefined where records are no pictures. */
export function pictureSheet(dataset: Dataset): Uint8Array | undefined {
  const { inputShape, classes, train } = dataset;
  const [height = 0, width = 0, channels = 0] = inputShape;
  const { features } = train;
  if (inputShape.length !== 3 || (channels !== 1 && channels !== 3) || !(features instanceof Uint8Array))
    return undefined;
  const sheetWidth = PER_CLASS * (width + GAP) + GAP;
  const sheetHeight = classes * (height + GAP) + GAP;
  const sheet = new Uint8Array(sheetWidth * sheetHeight * channels).fill(BACKGROUND);
  const shown = Array.from({ length: classes }, () => 0);
  const size = recordSize(dataset);
  train.labels.forEach((label, record) => {
    const place = shown[label] ?? PER_CLASS;
    if (place >= PER_CLASS) return;
    shown[label] = place + 1;
    const [top, left] = [GAP + label * (height + GAP), GAP + place * (width + GAP)];
    for (let row = 0; row < height; row++) {
      const from = record * size + row * width * channels;
      sheet.set(
        features.subarray(from, from + width * channels),
        ((top + row) * sheetWidth + left) * channels,
      );
    }
  });
  return encode({ width: sheetWidth, height: sheetHeight, channels, data: sheet });
}
