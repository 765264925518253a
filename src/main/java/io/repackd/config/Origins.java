package io.repackd.config;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Says of every value in which file and line it stands.
 *
 * <p>The library knows that of all values but those which a substitution supplied, whose place is then where they came from,
 * such as an environment variable. A person needs the place where the substitution was written.
 */
final class Origins {
  private Origins() {}

  /** The file, as the parser was told to call it. */
  static String file(ConfigOrigin origin) {
    return origin.withLineNumber(-1).description();
  }

  /** The directory of the file, from which relative paths count. */
  static Path directory(ConfigOrigin origin) {
    Path file = Path.of(file(origin)).toAbsolutePath();
    return Optional.ofNullable(file.getParent()).orElse(file);
  }

  /** The file and line: {@code /etc/repackd/repackd.conf:12}. */
  static String place(ConfigOrigin origin) {
    return file(origin) + ":" + origin.lineNumber();
  }

  /**
   * Gives every value without a line the place of what stood there before substitutions were resolved, or if that is not
   * known the place of what it is a part of.
   */
  static ConfigObject placed(ConfigObject resolved, ConfigObject written) {
    return object(resolved, Optional.of(written), written.origin());
  }

  private static ConfigValue value(
      ConfigValue resolved, Optional<? extends ConfigValue> written, ConfigOrigin parent) {
    ConfigOrigin origin =
        hasLine(resolved.origin())
            ? resolved.origin()
            : written.map(ConfigValue::origin).filter(Origins::hasLine).orElse(parent);
    return switch (resolved) {
      case ConfigObject object -> object(object, written, origin).withOrigin(origin);
      case ConfigList list -> list(list, written, origin).withOrigin(origin);
      default -> resolved.withOrigin(origin);
    };
  }

  private static ConfigObject object(
      ConfigObject resolved, Optional<? extends ConfigValue> written, ConfigOrigin origin) {
    ConfigObject placed = resolved;
    for (Map.Entry<String, ConfigValue> entry : resolved.entrySet()) {
      placed =
          placed.withValue(
              entry.getKey(), value(entry.getValue(), member(written, entry.getKey()), origin));
    }
    return placed;
  }

  private static ConfigList list(
      ConfigList resolved, Optional<? extends ConfigValue> written, ConfigOrigin origin) {
    List<ConfigValue> placed = new ArrayList<>();
    for (int i = 0; i < resolved.size(); i++) {
      placed.add(value(resolved.get(i), element(written, i, resolved.size()), origin));
    }
    return ConfigValueFactory.fromIterable(placed);
  }

  private static Optional<ConfigValue> member(Optional<? extends ConfigValue> object, String key) {
    try {
      return object.map(value -> value instanceof ConfigObject o ? o.get(key) : null);
    } catch (ConfigException.NotResolved e) {
      return Optional.empty();
    }
  }

  /** A list that has lost elements, or is put together from several, says nothing about the place of one. */
  private static Optional<ConfigValue> element(
      Optional<? extends ConfigValue> list, int index, int size) {
    return list.map(
        value -> value instanceof ConfigList l && l.size() == size ? l.get(index) : null);
  }

  private static boolean hasLine(ConfigOrigin origin) {
    return origin.lineNumber() > 0;
  }
}
