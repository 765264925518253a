package io.repackd.config;

import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigResolveOptions;
import com.typesafe.config.ConfigSyntax;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads the configuration: one main file, the files {@code conf.d/*.conf} beside it in the order of their names, and the
 * defaults of {@code config/reference.conf} below them.
 *
 * <p>A later file replaces what an earlier one says, but the {@code repositories} of all files are taken together. Everything
 * that is wrong is found in one go: unknown keys, wrong types and units, values out of range. System properties and class path
 * play no part; environment variables only where a file names one.
 */
public final class ConfigurationLoader {
  private static final String REFERENCE = "reference.conf";

  private final Environment environment;
  private final ConfigObject reference;

  /** A loader for what is around this process. */
  public ConfigurationLoader() {
    this(Environment.ofThisProcess());
  }

  /** A loader for the given surroundings. */
  public ConfigurationLoader(Environment environment) {
    this.environment = environment;
    this.reference = reference();
  }

  /**
   * Reads the configuration from its usual place: {@code $XDG_CONFIG_HOME/repackd/repackd.conf} if there is one and this is not
   * root, else {@code /etc/repackd/repackd.conf}. Where there is none the defaults count, and no repository is registered.
   *
   * @throws ConfigurationException if anything is wrong with it
   */
  public Configuration load() throws ConfigurationException {
    Complaints complaints = new Complaints();
    return load(ConfigurationFiles.inTheirPlaces(environment, complaints), complaints);
  }

  /**
   * Reads the configuration from a file that somebody named.
   *
   * @throws ConfigurationException if it does not exist, or anything is wrong with it
   */
  public Configuration load(Path file) throws ConfigurationException {
    Complaints complaints = new Complaints();
    return load(ConfigurationFiles.at(file.toAbsolutePath().normalize(), complaints), complaints);
  }

  /** The defaults and these repositories, whatever files there are. */
  public Configuration withoutFile(List<Path> repositories) {
    Complaints complaints = new Complaints();
    return new ConfigurationReader(reference, environment, complaints)
        .read(List.of(), List.of())
        .plus(repositories);
  }

  private Configuration load(ConfigurationFiles files, Complaints complaints)
      throws ConfigurationException {
    HoconFile hocon = new HoconFile(environment, complaints);
    List<ConfigObject> layers = new ArrayList<>();
    files.toRead().forEach(file -> hocon.read(file).ifPresent(layers::add));
    Set<Path> watched = new LinkedHashSet<>(files.toWatch());
    watched.addAll(hocon.included());

    KnownKeys known = new KnownKeys(reference, complaints);
    ConfigurationReader reader = new ConfigurationReader(reference, environment, complaints);
    for (ConfigObject layer : layers) {
      known.check(layer);
      // A value is looked at even where a later file replaces it: it will count when that file
      // goes.
      reader.read(List.of(layer), List.of());
    }
    Configuration configuration = reader.read(layers, List.copyOf(watched));
    complaints.throwIfAny(watched);
    return configuration;
  }

  static ConfigObject reference() {
    try (InputStream stream = ConfigurationLoader.class.getResourceAsStream(REFERENCE)) {
      if (stream == null) {
        throw new IllegalStateException(REFERENCE + " is missing from the program");
      }
      ConfigParseOptions options =
          ConfigParseOptions.defaults()
              .setSyntax(ConfigSyntax.CONF)
              .setOriginDescription(REFERENCE);
      return ConfigFactory.parseReader(
              new InputStreamReader(stream, StandardCharsets.UTF_8), options)
          .resolve(ConfigResolveOptions.noSystem())
          .root();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
