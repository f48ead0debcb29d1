#include "bit_array.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace active_calls {

namespace {

void gather_one_by_one(const BitArray& array, std::span<const std::uint32_t> positions,
                       std::uint32_t* elements, std::uint32_t first, std::uint32_t base) {
    const BitArray local = array; // which the compiler knows not to change with `elements`
    for (std::size_t i = 0; i < positions.size(); ++i)
        elements[i] = base + static_cast<std::uint32_t>(local[first + positions[i]]);
}

#if defined(__x86_64__)

// Eight at a time: the 4 bytes that each element begins in, shifted by what is before it.
[[gnu::target("avx2")]] std::size_t gather_eights(const std::uint8_t* data, unsigned width,
                                                  std::span<const std::uint32_t> positions,
                                                  std::uint32_t* elements, std::uint32_t first,
                                                  std::uint32_t base) {
    const __m256i firsts = _mm256_set1_epi32(static_cast<int>(first));
    const __m256i widths = _mm256_set1_epi32(static_cast<int>(width));
    const __m256i mask = _mm256_set1_epi32(static_cast<int>(BitArray::mask_of(width)));
    const __m256i seven = _mm256_set1_epi32(7);
    const __m256i bases = _mm256_set1_epi32(static_cast<int>(base));
    const std::size_t eights = positions.size() / 8 * 8;
    for (std::size_t i = 0; i < eights; i += 8) {
        const __m256i position =
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(positions.data() + i));
        const __m256i bit = _mm256_mullo_epi32(_mm256_add_epi32(position, firsts), widths);
        const __m256i bytes = _mm256_i32gather_epi32(reinterpret_cast<const int*>(data),
                                                     _mm256_srli_epi32(bit, 3), 1);
        const __m256i shifted = _mm256_srlv_epi32(bytes, _mm256_and_si256(bit, seven));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(elements + i),
                            _mm256_add_epi32(_mm256_and_si256(shifted, mask), bases));
    }
    return eights;
}

#endif

} // namespace

void BitArray::gather(std::span<const std::uint32_t> positions, std::uint32_t* elements,
                      std::uint32_t first, std::uint32_t base) const {
    std::size_t done = 0;
#if defined(__x86_64__)
    static const bool eights = __builtin_cpu_supports("avx2");
    if (eights) done = gather_eights(data_, width_, positions, elements, first, base);
#endif
    gather_one_by_one(*this, positions.subspan(done), elements + done, first, base);
}

} // namespace active_calls
