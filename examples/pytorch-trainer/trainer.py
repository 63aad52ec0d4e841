"""Trains Concordat tasks with PyTorch. The protocol: docs/process-trainer.md. Weights keep Keras's shapes throughout."""
import json, struct, sys
import torch
import torch.nn.functional as F

out, sys.stdout = sys.stdout, sys.stderr  # what libraries print must not disturb the protocol
DTYPES = {"F32": torch.float32, "I32": torch.int32}
ACTIVATIONS = {"linear": lambda x: x, "relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}


def read(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    header.pop("__metadata__", None)
    spans = {name: (entry, *entry["data_offsets"]) for name, entry in header.items()}
    return {name: torch.frombuffer(bytearray(data[begin:end]), dtype=DTYPES[entry["dtype"]]).reshape(entry["shape"])
            for name, (entry, begin, end) in spans.items()}


def write(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        begin, data = len(data), data + tensor.detach().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def forward(layers, w, x):
    """x: [batch, height, width, channels], as Keras has it. PyTorch wants channels first, in images and in kernels."""
    for kind, c in layers:
        kernel, bias = w.get(c["name"] + "/kernel"), w.get(c["name"] + "/bias")
        if kind == "Dense":
            x = F.linear(x, kernel.t(), bias)
        elif kind == "Conv2D":
            image, filters = x.permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1)
            x = F.conv2d(image, filters, bias, c.get("strides", 1), c.get("padding", "valid")).permute(0, 2, 3, 1)
        elif kind == "MaxPooling2D" and c.get("padding", "valid") == "valid":
            x = F.max_pool2d(x.permute(0, 3, 1, 2), c["pool_size"], c.get("strides")).permute(0, 2, 3, 1)
        elif kind == "Flatten":
            x = x.flatten(1)
        elif kind not in ("Activation", "ReLU", "InputLayer"):
            raise ValueError(f"the layer {c['name']} ({kind}) is not supported")
        x = ACTIVATIONS[c.get("activation") or ("relu" if kind == "ReLU" else "linear")](x)
    return x


def train(layers, ask, progress):
    hyper, data = ask["hyper"], read(ask["samples"]["file"])
    w = {name: tensor.requires_grad_() for name, tensor in read(ask["weights"]).items()}
    sgd = torch.optim.SGD(w.values(), lr=hyper["learningRate"], momentum=hyper["momentum"])
    count, batch, epochs = len(data["labels"]), hyper["batchSize"], hyper["localEpochs"]
    for epoch in range(1, epochs + 1):
        seed = hash((hyper["seed"], ask["round"], ask["member"], epoch))
        order, total = torch.randperm(count, generator=torch.Generator().manual_seed(seed)), 0.0
        for start in range(0, count, batch):
            rows = order[start:start + batch]
            loss = F.cross_entropy(forward(layers, w, data["inputs"][rows]), data["labels"][rows].long())
            sgd.zero_grad()
            loss.backward()
            sgd.step()
            total += loss.item() * len(rows)
        progress(dict(epoch=epoch, epochs=epochs, step=epoch, steps=epochs))
    write(ask["result"], w)
    return {"loss": total / count if abs(total) < float("inf") else None, "samples": count}


@torch.no_grad()
def evaluate(layers, ask):
    data = read(ask["samples"]["file"])
    scores = forward(layers, read(ask["weights"]), data["inputs"])
    return {"correct": int((scores.argmax(1) == data["labels"]).sum()), "total": len(scores)}


def main():
    layers = []
    for line in sys.stdin:
        ask = json.loads(line)
        say = lambda **answer: print(json.dumps({"id": ask["id"], **answer}), file=out, flush=True)
        try:
            if ask["command"] == "hello":
                say(done={"protocol": "concordat/trainer/1", "name": "PyTorch example", "data": "node", "supports": []})
            elif ask["command"] == "load":
                if ask["topology"]["class_name"] != "Sequential":
                    raise ValueError("only Sequential models are supported")
                layers = [(layer["class_name"], layer["config"]) for layer in ask["topology"]["config"]["layers"]]
                for kind, c in layers:  # what would otherwise be run differently from what was meant
                    for setting, plain in (("trainable", True), ("max_value", None)):
                        if c.get(setting, plain) != plain:
                            raise ValueError(f"the layer {c['name']} ({kind}) has {setting} {c[setting]}: not supported")
                say(done={})
            elif ask["command"] == "train":
                say(done=train(layers, ask, lambda at: say(progress=at)))
            elif ask["command"] == "evaluate":
                say(done=evaluate(layers, ask))
        except Exception as error:
            say(error=f"{type(error).__name__}: {error}")


main()
