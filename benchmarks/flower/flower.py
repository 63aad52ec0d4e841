"""A federation of Flower with the MLP of trainingStep.ts: a server and one process a client on this machine, 600 records
of 28 x 28 a client, batches of 10, five epochs, one thread each. Prints CPU seconds a round and peak memory by process.

    python3 flower.py [ROUNDS] [CLIENTS]      needs flwr, numpy and torch
"""
import json
import multiprocessing
import resource
import socket
import sys
import time

ROUNDS, CLIENTS = [int(a) for a in sys.argv[1:]] + [3, 4][len(sys.argv) - 1 :]
RECORDS, BATCH, EPOCHS = 600, 10, 5


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def await_server(port):
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.2)


def client(results, port):
    import flwr as fl
    import torch
    from torch import nn

    torch.set_num_threads(1)
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 200), nn.ReLU(), nn.Linear(200, 10)
    )
    images, labels = torch.randn(RECORDS, 1, 28, 28), torch.arange(RECORDS) % 10
    marks = []

    class Client(fl.client.NumPyClient):
        def get_parameters(self, config):
            return [w.detach().numpy() for w in model.parameters()]

        def fit(self, parameters, config):
            # A round lasts from one fit's start to the next one's: messages are in it.
            marks.append(time.process_time())
            with torch.no_grad():
                for weight, given in zip(model.parameters(), parameters):
                    weight.copy_(torch.from_numpy(given))
            optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.5)
            for _ in range(EPOCHS):
                for rows in torch.randperm(RECORDS).split(BATCH):
                    optimiser.zero_grad()
                    nn.functional.cross_entropy(model(images[rows]), labels[rows]).backward()
                    optimiser.step()
            return self.get_parameters({}), RECORDS, {}

    fl.client.start_client(server_address=f"127.0.0.1:{port}", client=Client().to_client())
    marks.append(time.process_time())
    results.put(("client", [b - a for a, b in zip(marks, marks[1:])], marks[0], peak_mb()))


def server(results, port):
    import flwr as fl

    start = time.process_time()
    strategy = fl.server.strategy.FedAvg(
        fraction_evaluate=0, min_fit_clients=CLIENTS, min_available_clients=CLIENTS
    )
    config = fl.server.ServerConfig(num_rounds=ROUNDS)
    fl.server.start_server(server_address=f"127.0.0.1:{port}", config=config, strategy=strategy)
    results.put(("server", [(time.process_time() - start) / ROUNDS], start, peak_mb()))


if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    results, port = context.Queue(), free_port()
    processes = [context.Process(target=server, args=(results, port))]
    processes += [context.Process(target=client, args=(results, port)) for _ in range(CLIENTS)]
    processes[0].start()
    await_server(port)
    for process in processes[1:]:
        process.start()
    for _ in processes:
        role, rounds, startup, peak = results.get()
        print(json.dumps({"role": role, "cpuSeconds": rounds, "startup": startup, "peakMb": peak}), flush=True)
    for process in processes:
        process.join()
