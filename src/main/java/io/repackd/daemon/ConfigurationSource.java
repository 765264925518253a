package io.repackd.daemon;

import io.repackd.config.Configuration;
import io.repackd.config.ConfigurationException;

/** Where the configuration comes from, each time anew. */
@FunctionalInterface
public interface ConfigurationSource {
  /**
   * Reads the configuration.
   *
   * @throws ConfigurationException if anything is wrong with it
   */
  Configuration load() throws ConfigurationException;
}
