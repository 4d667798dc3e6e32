"""runtimes.py openvino|onnxruntime PREFIX fp32|bf16 latency|throughput SECONDS

The network that export_onnx.py wrote, in OpenVINO or ONNX Runtime on all processors. Prints what
bench-detector prints, the time to load and compile it, and the largest difference of a probability from
PyTorch's. throughput: several requests at once, as many as OpenVINO thinks best."""
import resource
import statistics
import sys
import time

import numpy as np

runtime, prefix, precision, hint, seconds = sys.argv[1:6]
x, expected = np.load(prefix + ".in.npy"), np.load(prefix + ".out.npy")
start = time.perf_counter()


def openvino_steps():
    import openvino as ov
    core = ov.Core()
    model = core.compile_model(prefix + ".onnx", "CPU", {
        "PERFORMANCE_HINT": hint.upper(),
        "INFERENCE_PRECISION_HINT": {"fp32": "f32", "bf16": "bf16"}[precision]})
    if hint == "latency":
        request = model.create_infer_request()
        return 1, lambda: request.infer({0: x})[0]
    queue = ov.AsyncInferQueue(model)
    out = [None]
    queue.set_callback(lambda request, _: out.__setitem__(0, request.get_output_tensor(0).data))
    together = len(queue)

    def step():
        for _ in range(together):
            queue.start_async({0: x})
        queue.wait_all()
        return out[0]
    return together, step


def onnxruntime_steps():
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(prefix + ".onnx", options, providers=["CPUExecutionProvider"])
    return 1, lambda: session.run(None, {"image": x})[0]


together, step = {"openvino": openvino_steps, "onnxruntime": onnxruntime_steps}[runtime]()
loaded = time.perf_counter() - start
difference = float(np.abs(np.asarray(step()) - expected).max())
times, begun = [], time.perf_counter()
for i in range(3):
    step()
while len(times) < 5 or time.perf_counter() - begun < float(seconds):
    start = time.perf_counter()
    step()
    times.append(1e3 * (time.perf_counter() - start) / together / len(x))
version = __import__(runtime).__version__.split("-")[0]
print(f"{runtime} {version} {precision} {hint}: {statistics.median(times):.5f} ms an image "
      f"(least {min(times):.5f}), peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB, "
      f"loaded in {loaded:.2f} s, off by {difference:.1e}")
