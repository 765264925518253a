package io.repackd.config;

import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Complains about keys that the reference configuration does not have, and says which one may have been meant. */
final class KnownKeys {
  static final String REPOSITORIES = "repositories";
  static final String PATH = "path";
  static final String NAME = "name";

  /** The keys of the top level that say how a repository is maintained, and so may stand in an entry too. */
  static final Set<String> MAINTENANCE =
      Set.of(
          "enabled",
          "schedule",
          "jitter",
          "multi-pack-index",
          "aggregate",
          "expire",
          "repack",
          "safety");

  private static final ConfigValue TEXT = ConfigValueFactory.fromAnyRef("");

  /** The most typing errors at which a key is still taken for another one. */
  private static final int MAX_DISTANCE = 2;

  private final ConfigObject reference;
  private final ConfigObject entryKeys;
  private final Complaints complaints;

  KnownKeys(ConfigObject reference, Complaints complaints) {
    this.reference = reference;
    this.complaints = complaints;
    ConfigObject entry = reference.withValue(PATH, TEXT).withValue(NAME, TEXT);
    for (String key : reference.keySet()) {
      entry = MAINTENANCE.contains(key) ? entry : entry.withoutKey(key);
    }
    this.entryKeys = entry;
  }

  /** Checks the keys of one file. */
  void check(ConfigObject settings) {
    checkGroup("", settings, reference);
    if (settings.get(REPOSITORIES) instanceof ConfigList entries) {
      entries.forEach(this::checkEntry);
    }
  }

  private void checkEntry(ConfigValue entry) {
    if (entry instanceof ConfigObject settings) {
      ConfigObject rest = settings;
      for (String key : settings.keySet()) {
        if (reference.containsKey(key) && !entryKeys.containsKey(key)) {
          complain(rest, key, key + " is no key of a repository; it stands at the top level");
          rest = rest.withoutKey(key);
        }
      }
      checkGroup("", rest, entryKeys);
    }
  }

  private void checkGroup(String prefix, ConfigObject settings, ConfigObject known) {
    for (Map.Entry<String, ConfigValue> setting : settings.entrySet()) {
      String key = setting.getKey();
      ConfigValue expected = known.get(key);
      String path = prefix + key;
      if (expected == null) {
        complain(settings, key, prefix + quoted(key) + ": unknown key" + suggestion(path, known));
      } else if (expected instanceof ConfigObject group) {
        if (setting.getValue() instanceof ConfigObject below) {
          checkGroup(path + ".", below, group);
        } else {
          complain(settings, key, path + ": give a group of settings, " + path + " { … }");
        }
      }
    }
  }

  private void complain(ConfigObject settings, String key, String message) {
    complaints.add(settings.toConfig().getValue(ConfigUtil.quoteString(key)).origin(), message);
  }

  /** A key with the same last part is as likely as one with a typing error: {@code min-age} for {@code expire.min-age}. */
  private String suggestion(String unknown, ConfigObject siblings) {
    String last = lastPart(unknown);
    List<String> sameLast =
        paths("", reference).stream()
            .filter(path -> path.equals(unknown) || lastPart(path).equals(last))
            .sorted()
            .toList();
    String prefix = unknown.substring(0, unknown.length() - last.length());
    List<String> near =
        siblings.keySet().stream()
            .filter(key -> distance(key, last) <= Math.min(MAX_DISTANCE, last.length() / 2))
            .sorted(
                Comparator.<String>comparingInt(key -> distance(key, last))
                    .thenComparing(key -> key))
            .limit(1)
            .map(key -> prefix + key)
            .toList();
    List<String> meant = near.isEmpty() ? sameLast : near;
    return meant.isEmpty()
        ? ""
        : meant.stream().collect(Collectors.joining(" or ", "; did you mean ", "?"));
  }

  private static String lastPart(String path) {
    return path.substring(path.lastIndexOf('.') + 1);
  }

  private static String quoted(String key) {
    return ConfigUtil.joinPath(key);
  }

  private static List<String> paths(String prefix, ConfigObject group) {
    List<String> paths = new ArrayList<>();
    group.forEach((key, value) -> {
      if (value instanceof ConfigObject below) {
        paths.addAll(paths(prefix + key + ".", below));
      } else {
        paths.add(prefix + key);
      }
    });
    return paths;
  }

  /** The number of characters to insert, delete or replace to make one word of the other. */
  private static int distance(String from, String to) {
    int[] previous = new int[to.length() + 1];
    for (int j = 0; j <= to.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int[] current = new int[to.length() + 1];
      current[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int replaced = previous[j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        current[j] = Math.min(replaced, Math.min(previous[j], current[j - 1]) + 1);
      }
      previous = current;
    }
    return previous[to.length()];
  }
}
