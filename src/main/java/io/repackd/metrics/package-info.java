/**
 * The meters: Micrometer over the Prometheus simpleclient.
 *
 * <p>Read {@link io.repackd.metrics.RepositoryMetrics} first. Calls {@code maintenance}, {@code registry} and what is below.
 */
@NullMarked
package io.repackd.metrics;

import org.jspecify.annotations.NullMarked;
