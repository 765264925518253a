/**
 * Parsers that are given bytes at random, guided by which of their branches those reach. Each {@link io.repackd.fuzz.FuzzTarget}
 * lies beside the parser that it feeds; {@link io.repackd.fuzz.FuzzTargets} lists them. What was found is kept among the
 * resources, and replayed in each build.
 */
package io.repackd.fuzz;
