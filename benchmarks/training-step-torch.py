"""PyTorch on one thread, for trainingStep.ts: reads a number of steps a line, answers with CPU milliseconds a step
and the process's peak memory in MB."""
import resource
import sys
import time

import torch
from torch import nn

torch.set_num_threads(1)
if sys.argv[1] == "cnn":
    model = nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(3136, 512), nn.ReLU(), nn.Linear(512, 10),
    )  # fmt: skip
else:
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 200), nn.ReLU(), nn.Linear(200, 10)
    )
optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.5)
images, labels = torch.randn(10, 1, 28, 28), torch.arange(10)
for line in sys.stdin:
    steps = int(line)
    start = time.process_time()
    for _ in range(steps):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimiser.step()
    milliseconds = (time.process_time() - start) / steps * 1000
    print(milliseconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)
