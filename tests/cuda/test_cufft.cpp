/* The emulated cuFFT against sums over all pairs. */
#include <complex>

#include "cufft.h"
#include "test.h"

#define FINE(call) CHECK((call) == CUFFT_SUCCESS)

typedef std::complex<double> number;

/* exp(sign 2 pi i (u y / h + v x / w)) */
static number wave(int sign, int u, int y, int h, int v, int x, int w)
{
    return std::polar(1.0, sign * 2 * M_PI * ((double)(u * y) / h + (double)(v * x) / w));
}

static void check_transforms(int h, int w, int batch, bool automatic)
{
    const int half = w / 2 + 1;
    const size_t plane = (size_t)(h * w), spectrum = (size_t)(h * half);
    const std::vector<float> values = random_values(plane * (size_t)batch, 1);
    const std::vector<float> parts = random_values(2 * spectrum * (size_t)batch, 2);
    float *planes = device_copy(values);
    float2 *spectra = device_array<float2>(spectrum * (size_t)batch);
    int size[] = {h, w}, embed_plane[] = {h, w}, embed_half[] = {h, half};
    cufftHandle there, back;
    size_t bytes[2];
    unsigned char *area = nullptr;

    for (cufftHandle *p : {&there, &back}) {
        FINE(cufftCreate(p));
        FINE(cufftSetAutoAllocation(*p, automatic));
    }
    FINE(cufftMakePlanMany(there, 2, size, nullptr, 1, 0, nullptr, 1, 0, CUFFT_R2C, batch, bytes));
    FINE(cufftMakePlanMany(back, 2, size, embed_half, 1, h * half, embed_plane, 1, h * w, CUFFT_C2R,
                           batch, bytes + 1));
    if (!automatic) {
        CHECK(bytes[0] > 0 && bytes[1] > 0);
        CHECK(cufftExecR2C(there, planes, spectra) == CUFFT_NO_WORKSPACE);
        area = device_array<unsigned char>(bytes[0] + bytes[1]);
        FINE(cufftSetWorkArea(there, area));
        FINE(cufftSetWorkArea(back, area + bytes[0]));
    }
    CHECK(cufftExecC2R(there, spectra, planes) == CUFFT_INVALID_TYPE);

    FINE(cufftExecR2C(there, planes, spectra));
    const std::vector<float2> got = host_copy(spectra, spectrum * (size_t)batch);
    CHECK(host_copy(planes, values.size()) == values);
    for (int b = 0; b < batch; b++)
        for (int u = 0; u < h; u++)
            for (int v = 0; v < half; v++) {
                number sum = 0;
                for (int y = 0; y < h; y++)
                    for (int x = 0; x < w; x++)
                        sum += (double)values[(size_t)((b * h + y) * w + x)] *
                               wave(-1, u, y, h, v, x, w);
                const float2 value = got[(size_t)((b * h + u) * half + v)];
                CHECK(std::abs(number(value.x, value.y) - sum) < 1e-5 * h * w);
            }

    /* any spectrum: what no plane can have does not count */
    OK(cudaMemcpy(spectra, parts.data(), parts.size() * sizeof(float), cudaMemcpyHostToDevice));
    FINE(cufftExecC2R(back, spectra, planes));
    const std::vector<float> real = host_copy(planes, values.size());
    for (const float2 &value : host_copy(spectra, got.size()))
        CHECK(std::isnan(value.x) && std::isnan(value.y)); /* destroyed */
    for (int b = 0; b < batch; b++)
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++) {
                double sum = 0;
                for (int u = 0; u < h; u++)
                    for (int v = 0; v < half; v++) {
                        const size_t at = 2 * (size_t)((b * h + u) * half + v);
                        const bool alone = v == 0 || 2 * v == w;
                        sum +=
                            (alone ? 1 : 2) *
                            (number(parts[at], parts[at + 1]) * wave(1, u, y, h, v, x, w)).real();
                    }
                CHECK(std::abs(real[(size_t)((b * h + y) * w + x)] - sum) < 1e-5 * h * w);
            }

    for (cufftHandle p : {there, back})
        FINE(cufftDestroy(p));
    CHECK(cufftExecR2C(there, planes, spectra) == CUFFT_INVALID_PLAN);
    OK(cudaFree(planes));
    OK(cudaFree(spectra));
    OK(cudaFree(area));
}

void test_fft()
{
    check_transforms(4, 6, 2, false);
    check_transforms(5, 7, 3, true);
    check_transforms(8, 1, 1, false);
    check_transforms(1, 8, 2, false);
    cufftHandle plan;
    int size[] = {4, 4}, wide[] = {4, 8};
    CHECK(cufftPlanMany(&plan, 2, size, wide, 1, 32, wide, 1, 32, CUFFT_R2C, 1) ==
          CUFFT_NOT_SUPPORTED);
    CHECK(cufftPlanMany(&plan, 1, size, nullptr, 1, 0, nullptr, 1, 0, CUFFT_R2C, 1) ==
          CUFFT_INVALID_SIZE);
}
