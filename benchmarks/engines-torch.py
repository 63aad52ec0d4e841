"""PyTorch for engines.ts, on one thread or on CUDA: reads a number of steps a line, answers with milliseconds a step."""
import json
import sys
import time

import torch
from torch import nn

device, name, batch = sys.argv[1], sys.argv[2], int(sys.argv[3])
torch.set_num_threads(1)


def block(inputs, outputs):
    return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.inner = nn.Sequential(*block(width, width), *block(width, width))

    def forward(self, x):
        return self.inner(x) + x


shape = (1, 28, 28)
if name == "cnn":
    model = nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(3136, 512), nn.ReLU(), nn.Linear(512, 10),
    )  # fmt: skip
elif name == "resnet9":
    shape = (3, 32, 32)
    model = nn.Sequential(
        *block(3, 64), *block(64, 128), nn.MaxPool2d(2), Residual(128),
        *block(128, 256), nn.MaxPool2d(2), *block(256, 512), nn.MaxPool2d(2), Residual(512),
        nn.MaxPool2d(4), nn.Flatten(), nn.Linear(512, 10),
    )  # fmt: skip
else:
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 200), nn.ReLU(), nn.Linear(200, 10)
    )
model = model.to(device)
optimiser = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.5)
images, labels = torch.randn(batch, *shape), torch.arange(batch) % 10
for line in sys.stdin:
    steps = int(line)
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(steps):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(images.to(device)), labels.to(device)).backward()
        optimiser.step()
    if device == "cuda":
        torch.cuda.synchronize()
    ms = lambda seconds: seconds / steps * 1000
    print(json.dumps({"cpuMs": ms(time.process_time() - cpu), "wallMs": ms(time.perf_counter() - wall)}), flush=True)
