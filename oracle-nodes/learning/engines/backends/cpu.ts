import * as tf from "@tensorflow/tfjs-core";

/** Starts the plain JavaScript backend, the slow reference that the others are checked against. */
export async function openCpu(): Promise<void> {
  await import("@tensorflow/tfjs-backend-cpu");
  await tf.setBackend("cpu");
  // Its first use prints an advertisement for tfjs-node, unless this is not Node.
  tf.env().set("IS_NODE", false);
  tf.scalar(0).dispose();
  tf.env().set("IS_NODE", true);
}
