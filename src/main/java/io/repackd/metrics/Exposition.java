package io.repackd.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.config.NamingConvention;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Predicate;
import io.prometheus.client.exporter.common.TextFormat;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;

/**
 * The meters and what is published of them.
 *
 * <p>A meter's name is published as it is, with its unit and with {@code _total}, so that what stands in the code is what
 * stands in a query.
 */
@SuppressWarnings(
    "deprecation") // The simpleclient is what is asked for; its successor has other names.
public final class Exposition {
  /**
   * Micrometer adds to each histogram a gauge of the highest value of the last minutes. It is a third notion of time beside
   * {@code rate()} and the scrape, and nothing in the documented names.
   */
  private static final String HIGHEST_OF_LAST_MINUTES = "_seconds_max";

  private final PrometheusMeterRegistry meters =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

  /** An exposition without meters. */
  public Exposition() {
    meters.config().namingConvention(NamingConvention.identity);
    meters.throwExceptionOnRegistrationFailure();
  }

  /** Where meters are registered. */
  public MeterRegistry meters() {
    return meters;
  }

  /** The meters as Prometheus collectors. Not all of their samples are published. */
  public CollectorRegistry collectors() {
    return meters.getPrometheusRegistry();
  }

  /** Tells by its name whether a sample is published. */
  public Predicate<String> published() {
    return sample -> !sample.endsWith(HIGHEST_OF_LAST_MINUTES);
  }

  /** What is published now, in the Prometheus text format 0.0.4. */
  public String text() {
    StringWriter text = new StringWriter();
    try {
      TextFormat.write004(text, collectors().filteredMetricFamilySamples(published()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }
}
