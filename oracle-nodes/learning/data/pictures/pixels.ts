/** A picture as bytes, [height, width, channels] row-major; channels are grey (1), grey and alpha (2), RGB (3) or RGBA (4). */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

/** Megapixels that a file may claim; one that claims more is not one picture of a dataset. */
export const MAX_MEGAPIXELS = 100;

/** Checks a size before it takes memory. @throws {Error} when there are no pixels, or too many. */
export function checkPixels(width: number, height: number): void {
  if (width < 1 || height < 1) throw new Error("it has no pixels");
  if (width * height > MAX_MEGAPIXELS * 1e6)
    throw new Error(`it has ${width} x ${height} pixels, more than ${MAX_MEGAPIXELS} million`);
}

/** What shows through where a picture is transparent: white, in every channel, as on paper and on most pages. */
export const BACKGROUND = 255;

/** A picture laid over the background, without alpha, and whether anything showed through. */
export function overBackground(picture: Picture): { picture: Picture; isTransparent: boolean } {
  const { width, height, channels, data } = picture;
  if (channels === 1 || channels === 3) return { picture, isTransparent: false };
  const opaque = channels - 1;
  const laid = new Uint8Array(width * height * opaque);
  let isTransparent = false;
  for (let pixel = 0; pixel < width * height; pixel++) {
    const alpha = data[pixel * channels + opaque] ?? 255;
    if (alpha !== 255) isTransparent = true;
    for (let i = 0; i < opaque; i++) {
      const value = data[pixel * channels + i] ?? 0;
      laid[pixel * opaque + i] = Math.floor((value * alpha + BACKGROUND * (255 - alpha)) / 255 + 0.5);
    }
  }
  return { picture: { width, height, channels: opaque, data: laid }, isTransparent };
}

/**
 * A picture turned and mirrored as its orientation (1 to 8, of EXIF and TIFF) says it is to be seen. 1 is as it is.
 */
export function upright(picture: Picture, orientation: number): Picture {
  if (orientation === 1) return picture;
  const { width, height, channels, data } = picture;
  const isTurned = orientation >= 5;
  const [newWidth, newHeight] = isTurned ? [height, width] : [width, height];
  const isFlippedX = [2, 3, 7, 8].includes(orientation);
  const isFlippedY = [3, 4, 6, 7].includes(orientation);
  const turned = new Uint8Array(data.length);
  for (let row = 0; row < newHeight; row++) {
    for (let column = 0; column < newWidth; column++) {
      const [x, y] = isTurned ? [row, column] : [column, row];
      const from = (isFlippedY ? height - 1 - y : y) * width + (isFlippedX ? width - 1 - x : x);
      const to = row * newWidth + column;
      for (let i = 0; i < channels; i++) turned[to * channels + i] = data[from * channels + i] ?? 0;
    }
  }
  return { width: newWidth, height: newHeight, channels, data: turned };
}
