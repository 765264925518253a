package io.repackd.config;

import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import java.util.Set;
import java.util.TreeSet;

/**
 * One group of settings, read key by key. A value that is missing, or wrong and therefore complained about, is taken from the
 * reference configuration.
 */
final class Section {
  private final String prefix;
  private final ConfigObject settings;
  private final ConfigObject reference;
  private final Complaints complaints;
  private final Set<String> keys;

  private Section(
      String prefix,
      ConfigObject settings,
      ConfigObject reference,
      Complaints complaints,
      Set<String> keys) {
    this.prefix = prefix;
    this.settings = settings;
    this.reference = reference;
    this.complaints = complaints;
    this.keys = keys;
  }

  /** The settings of a whole file, or of all files together. */
  static Section of(ConfigObject settings, ConfigObject reference, Complaints complaints) {
    return new Section("", settings, reference, complaints, new TreeSet<>());
  }

  /** The group below a key. A value which is no group is complained about by {@link KnownKeys}. */
  Section group(String key) {
    ConfigObject below =
        settings.get(key) instanceof ConfigObject group ? group : ConfigFactory.empty().root();
    return new Section(
        prefix + key + ".", below, (ConfigObject) inReference(key), complaints, keys);
  }

  /** The value of a key. */
  <T> T get(String key, Form<T> form) {
    keys.add(prefix + key);
    ConfigValue value = settings.get(key);
    if (value != null) {
      try {
        return form.read(value);
      } catch (IllegalArgumentException e) {
        complaints.add(value.origin(), prefix + key + ": " + e.getMessage());
      }
    }
    return form.read(inReference(key));
  }

  /** Whether a key has a value of its own, so that there is a place to complain about. */
  boolean contains(String key) {
    return settings.containsKey(key);
  }

  /** Complains about a value that is right by itself, and not beside others. */
  void complain(String key, String message) {
    complaints.add(origin(key), prefix + key + ": " + message);
  }

  /** Where the value of a key stands. */
  ConfigOrigin origin(String key) {
    ConfigValue value = settings.get(key);
    return value == null ? inReference(key).origin() : value.origin();
  }

  /** The keys that were asked for so far, here and in the groups. */
  Set<String> keys() {
    return Set.copyOf(keys);
  }

  private ConfigValue inReference(String key) {
    ConfigValue value = reference.get(key);
    if (value == null) {
      throw new IllegalStateException(
          "reference.conf has no key " + prefix + ConfigUtil.quoteString(key));
    }
    return value;
  }
}
