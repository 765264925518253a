package io.repackd.config;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigResolveOptions;
import com.typesafe.config.ConfigResolver;
import com.typesafe.config.ConfigSyntax;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import io.repackd.platform.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads files of HOCON, and those that they include. Nothing but files is ever read. */
final class HoconFile {
  /** A configuration for ten thousand repositories is smaller. */
  private static final int MAX_BYTES = 4 << 20;

  /** Bounds files that include each other twice or more. */
  private static final int MAX_INCLUDES = 100;

  private final Environment environment;
  private final Complaints complaints;
  private final Set<Path> included = new LinkedHashSet<>();
  private int includes;

  HoconFile(Environment environment, Complaints complaints) {
    this.environment = environment;
    this.complaints = complaints;
  }

  /** The settings in a file, substitutions resolved; nothing if that is impossible, which is complained about. */
  Optional<ConfigObject> read(Path file) {
    try {
      ConfigObject written = parse(file, List.of(file));
      ConfigObject resolved = written.toConfig().resolve(resolution()).root();
      return Optional.of(Origins.placed(resolved, written));
    } catch (IOException e) {
      complaints.add(file, Reason.of(e));
    } catch (ConfigException e) {
      complain(file, e);
    } catch (StackOverflowError e) {
      complaints.add(file, "is nested too deeply");
    }
    return Optional.empty();
  }

  /** The files which were included so far, to watch them; also those that could not be read. */
  Set<Path> included() {
    return Set.copyOf(included);
  }

  /** What an include statement stands for. */
  ConfigObject include(String name, List<Path> chain) {
    Path file = chain.getLast().resolveSibling(name).normalize();
    included.add(file);
    if (chain.contains(file)) {
      throw new IncludeException(chain.getLast(), name, "the file includes itself");
    }
    includes++;
    if (includes > MAX_INCLUDES) {
      throw new IncludeException(
          chain.getLast(), name, "more than " + MAX_INCLUDES + " includes altogether");
    }
    try {
      List<Path> longer = new ArrayList<>(chain);
      longer.add(file);
      return parse(file, longer);
    } catch (IOException e) {
      throw new IncludeException(chain.getLast(), name, file + ": " + Reason.of(e));
    }
  }

  private ConfigObject parse(Path file, List<Path> chain) throws IOException {
    ConfigParseOptions options =
        ConfigParseOptions.defaults()
            .setSyntax(ConfigSyntax.CONF)
            .setOriginDescription(file.toString())
            .setIncluder(new FileIncluder(this, chain));
    return ConfigFactory.parseReader(new StringReader(text(file)), options).root();
  }

  static String text(Path file) throws IOException {
    byte[] bytes;
    try (InputStream stream = Files.newInputStream(file)) {
      bytes = stream.readNBytes(MAX_BYTES + 1);
    }
    if (bytes.length > MAX_BYTES) {
      throw new IOException("is larger than " + Quantity.text(MAX_BYTES));
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new IOException("is not UTF-8", e);
    }
  }

  private void complain(Path file, ConfigException exception) {
    switch (exception) {
      case IncludeException e ->
          complaints.add(e.file().toString(), e.line(), String.valueOf(e.getMessage()));
      case ConfigException e when e.origin() != null -> {
        String place = e.origin().description() + ": ";
        String message = String.valueOf(e.getMessage());
        complaints.add(
            e.origin(), message.startsWith(place) ? message.substring(place.length()) : message);
      }
      default -> complaints.add(file, String.valueOf(exception.getMessage()));
    }
  }

  private ConfigResolveOptions resolution() {
    return ConfigResolveOptions.noSystem().appendResolver(new Variables(environment));
  }

  /** Environment variables, as far as the file itself has no such key. */
  private record Variables(Environment environment) implements ConfigResolver {
    @Override
    public @Nullable ConfigValue lookup(String name) {
      return environment
          .variable(name)
          .map(value -> ConfigValueFactory.fromAnyRef(value, "environment variable " + name))
          .orElse(null);
    }

    @Override
    public ConfigResolver withFallback(ConfigResolver fallback) {
      return this;
    }
  }
}
