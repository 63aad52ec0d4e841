/** What of a Keras JSON is Keras 3's and of no version before, in words; undefined for Keras 2's and TensorFlow.js's. */
export function keras3Mark(topology: unknown): string | undefined {
  if (!isRecord(topology)) return undefined;
  const version = topology["keras_version"];
  if (typeof version === "string") {
    // Later Keras 2 writes modules too, so that its number decides.
    return /^[3-9]\./.test(version) ? `keras_version ${version.slice(0, 20)}` : undefined;
  }
  const { module, config } = topology;
  if (typeof module === "string" && /^keras(\.|$)/.test(module)) return `module ${module.slice(0, 60)}`;
  const layers = isRecord(config) && Array.isArray(config["layers"]) ? config["layers"] : [];
  for (const layer of layers) {
    const mark = layerMark(layer);
    if (mark !== undefined) return mark;
  }
  return undefined;
}

function layerMark(layer: unknown): string | undefined {
  if (!isRecord(layer)) return undefined;
  const { config, inbound_nodes: inbound } = layer;
  if (isRecord(config)) {
    if ("batch_shape" in config) return "batch_shape";
    if (isRecord(config["dtype"]) && config["dtype"]["class_name"] === "DTypePolicy") return "DTypePolicy";
  }
  if (Array.isArray(inbound) && inbound.some((node) => isRecord(node) && "args" in node))
    return "inbound_nodes with args";
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
