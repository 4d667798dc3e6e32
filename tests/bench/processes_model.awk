# What a training step in several processes costs: a model.
#
#   awk -f processes_model.awk -v ranks=n -v compute=ms -v collectives=n -v small=bytes
#       -v parameters=n -v images=bytes -v latency=ms -v bandwidth=bytes [-v overlap=0.5]
#
# Prints the milliseconds of a step, and which part of them the rank computes. Bandwidth is in bytes a
# millisecond.
#
#   compute      of one rank on its share of the batch
#   collectives  small ones of a step, with their bytes: batch norms, losses; each takes as many
#                latencies as a tree of the ranks is high
#   parameters   of which each gradient goes twice over a rank's link, less its own share
#   images       bytes that rank 0 deals out, all but its own share over its link
#   overlap      the part of compute, from its end, that gradients may hide behind
BEGIN {
    if (overlap == "") overlap = 0.5
    height = 0
    for (n = 1; n < ranks; n *= 2) height++
    others = (ranks - 1) / ranks
    waiting = collectives * latency * height + small * (ranks - 1) / bandwidth # each to all others
    dealing = images * others / bandwidth
    gradients = 2 * 4 * parameters * others / bandwidth - overlap * compute
    if (gradients < 0) gradients = 0
    step = compute + waiting + dealing + gradients
    printf "%.4g\t%.3g\n", step, compute / step
}
