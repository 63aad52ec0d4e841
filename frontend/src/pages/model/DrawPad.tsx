import { useRef } from "react";
import type { PointerEvent, ReactElement } from "react";
import { Button } from "#ui/parts.tsx";

/** Pixels of a side: many times what a model of handwriting takes, so that scaling down smooths the pen. */
const SIDE = 280;
/** Of the side, about the pen of the built-in digits. */
const PEN = 0.09;

interface DrawPadProps {
  /** Gets the picture, light strokes on a dark ground, after every stroke. */
  readonly onStroke: (picture: Blob) => void;
}

/** A square to draw in with a pen, a finger or a mouse. */
export function DrawPad({ onStroke }: DrawPadProps): ReactElement {
  const canvas = useRef<HTMLCanvasElement>(null);
  const pen = (): CanvasRenderingContext2D | undefined =>
    // Without alpha the ground is black, in the picture too: what is transparent is laid over white.
    canvas.current?.getContext("2d", { alpha: false }) ?? undefined;
  const draw = (event: PointerEvent<HTMLCanvasElement>): void => {
    const { currentTarget, clientX, clientY, buttons, type } = event;
    const context = pen();
    if (context === undefined || (type === "pointermove" && buttons === 0)) return;
    const { left, top, width } = currentTarget.getBoundingClientRect();
    const [x, y] = [((clientX - left) / width) * SIDE, ((clientY - top) / width) * SIDE];
    if (type === "pointerdown") {
      currentTarget.setPointerCapture(event.pointerId);
      context.lineWidth = PEN * SIDE;
      context.lineCap = "round";
      context.lineJoin = "round";
      context.strokeStyle = "white";
      context.beginPath();
      context.moveTo(x, y);
    }
    context.lineTo(x, y);
    context.stroke();
  };
  return (
    <div className="stack-tight">
      <canvas
        ref={canvas}
        className="draw-pad"
        width={SIDE}
        height={SIDE}
        aria-label="Draw here; an image file below does the same"
        role="img"
        onPointerDown={draw}
        onPointerMove={draw}
        onPointerUp={({ currentTarget }) =>
          currentTarget.toBlob((picture) => {
            if (picture !== null) onStroke(picture);
          })
        }
      />
      <Button small onClick={() => pen()?.clearRect(0, 0, SIDE, SIDE)}>
        Clear
      </Button>
    </div>
  );
}
