#include "sim/board/support.h"
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct bench bench; struct sim_board_config c = bench_config(RIG_SWAP_MOVE);
    (void)bytes; (void)n_bytes;
    bench_open(&bench, &c);
    bench_boot(&bench);
    bench_connect(&bench, 247);
    return 0;
}
