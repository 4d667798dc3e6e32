/* Streams, events and capture: what is done when, and what a capture forbids. */
#include "test.h"

void test_laziness()
{
    cudaStream_t stream = new_stream();
    float *array = device_array<float>(4), *pinned, pageable[4] = {1, 2, 3, 4};
    OK(cudaMallocHost(&pinned, 4 * sizeof(float)));
    /* pinned memory is read and written when the work is done, and not before */
    pinned[0] = 10;
    OK(cudaMemcpyAsync(array, pinned, 4, cudaMemcpyHostToDevice, stream));
    launch(1, 1, stream, increment, array, 1);
    OK(cudaMemcpyAsync(pinned + 1, array, 4, cudaMemcpyDeviceToHost, stream));
    pinned[0] = 20;
    CHECK(std::isnan(pinned[1]));
    OK(cudaMemcpy(pageable, array, 4, cudaMemcpyDeviceToHost)); /* waits not for that stream */
    CHECK(std::isnan(pageable[0]));
    OK(cudaStreamSynchronize(stream));
    CHECK(pinned[1] == 21);
    /* pageable memory is read at once, and written before the call returns */
    pageable[0] = 5;
    OK(cudaMemcpyAsync(array, pageable, 4, cudaMemcpyHostToDevice, stream));
    pageable[0] = 6;
    CHECK(cudaStreamQuery(stream) == cudaErrorNotReady); /* but not yet written */
    launch(1, 1, stream, increment, array, 1);
    OK(cudaMemcpyAsync(pageable + 1, array, 4, cudaMemcpyDeviceToHost, stream));
    CHECK(pageable[1] == 6);
    /* memset; who asks again and again comes to an end */
    OK(cudaMemsetAsync(array, 0, 4, stream));
    launch(1, 1, stream, increment, array, 1);
    CHECK(cudaStreamQuery(stream) == cudaErrorNotReady);
    CHECK(cudaStreamQuery(stream) == cudaErrorNotReady);
    CHECK(cudaStreamQuery(stream) == cudaSuccess);
    CHECK(cudaGetLastError() == cudaSuccess);
    CHECK(host_copy(array, 1)[0] == 1);
    OK(cudaFreeHost(pinned));
    OK(cudaFree(array));
    OK(cudaStreamDestroy(stream));
    CHECK(cudaStreamSynchronize(stream) == cudaErrorInvalidResourceHandle);
}

void test_events()
{
    cudaStream_t first = new_stream(), second = new_stream();
    cudaEvent_t event = new_event(), later = new_event();
    float *array = device_copy(std::vector<float>{0, 0}), *pinned;
    OK(cudaMallocHost(&pinned, 2 * sizeof(float)));
    launch(1, 1, first, increment, array, 1);
    OK(cudaEventRecord(event, first));
    launch(1, 1, first, increment, array, 1);
    OK(cudaStreamWaitEvent(second, event));
    OK(cudaMemcpyAsync(pinned, array, 4, cudaMemcpyDeviceToHost, second));
    CHECK(cudaEventQuery(event) == cudaErrorNotReady);
    OK(cudaStreamSynchronize(second));
    CHECK(pinned[0] == 1); /* what was queued before the event, and no more */
    OK(cudaEventQuery(event));
    OK(cudaEventRecord(later, first));
    float milliseconds = -1;
    CHECK(cudaEventElapsedTime(&milliseconds, event, later) == cudaErrorNotReady);
    OK(cudaEventSynchronize(later));
    OK(cudaEventElapsedTime(&milliseconds, event, later));
    CHECK(milliseconds >= 0);
    CHECK(host_copy(array, 1)[0] == 2);
    OK(cudaStreamDestroy(first));
    OK(cudaStreamDestroy(second));
    OK(cudaEventDestroy(event));
    OK(cudaEventDestroy(later));
    OK(cudaFreeHost(pinned));
    OK(cudaFree(array));
}

/* The default stream and blocking streams wait for each other. */
void test_default_stream()
{
    cudaStream_t stream;
    OK(cudaStreamCreateWithFlags(&stream, cudaStreamDefault));
    float *array = device_copy(std::vector<float>{0}), got = -1;
    launch(1, 1, nullptr, increment, array, 1);
    launch(1, 1, stream, increment, array, 1);
    launch(1, 1, nullptr, increment, array, 1);
    OK(cudaMemcpy(&got, array, 4, cudaMemcpyDeviceToHost));
    CHECK(got == 3);
    launch(1, 1, stream, increment, array, 1);
    OK(cudaStreamDestroy(stream)); /* its work is done all the same */
    CHECK(host_copy(array, 1)[0] == 4);
    OK(cudaFree(array));
}

void test_replay()
{
    cudaStream_t stream = new_stream(), side = new_stream();
    cudaEvent_t fork = new_event(), join = new_event();
    float *array = device_copy(std::vector<float>{0, 0}), *pinned;
    cudaStreamCaptureStatus status;
    OK(cudaMallocHost(&pinned, 4));
    begin(stream);
    OK(cudaStreamIsCapturing(stream, &status));
    CHECK(status == cudaStreamCaptureStatusActive);
    size_t n = 1;
    OK(cudaMemcpyAsync(array, pinned, 4, cudaMemcpyHostToDevice, stream));
    OK(cudaEventRecord(fork, stream));
    OK(cudaStreamWaitEvent(side, fork));
    launch(1, 1, side, increment, array, n);
    OK(cudaEventRecord(join, side));
    OK(cudaStreamWaitEvent(stream, join));
    launch(1, 1, stream, increment, array, n);
    n = 2; /* the recorded arguments count */
    cudaGraphExec_t exec = end(stream);
    OK(cudaStreamIsCapturing(stream, &status));
    CHECK(status == cudaStreamCaptureStatusNone);
    CHECK(host_copy(array, 2)[0] == 0); /* nothing was done yet */
    for (int i = 0; i < 3; i++) {
        pinned[0] = (float)i;
        OK(cudaGraphLaunch(exec, stream));
        OK(cudaStreamSynchronize(stream));
        const std::vector<float> got = host_copy(array, 2);
        CHECK(got[0] == (float)i + 2 && got[1] == 0);
    }
    OK(cudaGraphExecDestroy(exec));
    CHECK(cudaGraphLaunch(exec, stream) == cudaErrorInvalidValue);
    OK(cudaFreeHost(pinned));
    OK(cudaFree(array));
}

/* What a capture forbids spoils it. */
void test_capture_refuses()
{
    cudaStream_t stream = new_stream(), other = new_stream();
    cudaEvent_t event = new_event(), outside = new_event();
    float *array = device_array<float>(1), *pinned, *more, pageable;
    OK(cudaMallocHost(&pinned, 4));
    OK(cudaEventRecord(outside, other));
    const std::function<cudaError_t()> calls[] = {
        [&] { return cudaStreamSynchronize(stream); },
        [&] { return cudaStreamQuery(stream); },
        [&] { return cudaDeviceSynchronize(); },
        [&] { return cudaMalloc(&more, 4); },
        [&] { return cudaFree(array); },
        [&] { return cudaMallocHost(&more, 4); },
        [&] { return cudaFreeHost(pinned); },
        [&] { return cudaMemcpy(array, pinned, 4, cudaMemcpyHostToDevice); },
        [&] { return cudaMemset(array, 0, 4); },
        [&] { return cudaEventQuery(outside); },
        [&] { return cudaEventSynchronize(outside); },
        [&] { return cudaMemcpyAsync(&pageable, array, 4, cudaMemcpyDeviceToHost, stream); },
    };
    for (const auto &call : calls) {
        cudaStreamCaptureStatus status;
        cudaGraph_t graph;
        begin(stream);
        launch(1, 1, stream, increment, array, 1);
        CHECK(call() == cudaErrorStreamCaptureUnsupported);
        OK(cudaStreamIsCapturing(stream, &status));
        CHECK(status == cudaStreamCaptureStatusInvalidated);
        CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated);
        CHECK(!graph);
    }
    cudaGraph_t graph;
    begin(stream);
    OK(cudaEventRecord(event, stream));
    CHECK(cudaEventQuery(event) == cudaErrorCapturedEvent);
    CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated);
    begin(stream);
    CHECK(cudaStreamWaitEvent(stream, outside) == cudaErrorStreamCaptureIsolation);
    CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated);
    begin(stream);
    OK(cudaEventRecord(event, stream));
    OK(cudaStreamWaitEvent(other, event));
    launch(1, 1, other, increment, array, 1);
    CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureUnjoined);
    CHECK(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeGlobal) ==
          cudaErrorStreamCaptureUnsupported);
    OK(cudaFreeHost(pinned));
    OK(cudaFree(array));
}
