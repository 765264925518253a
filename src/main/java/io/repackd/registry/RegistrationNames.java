package io.repackd.registry;

import io.repackd.objectdir.RepositoryLocation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Names for registrations: the given one, else the name of the directory without {@code .git}, with as much of the path before
 * it as makes it unique.
 *
 * <p>Depends on the set of paths and not on their order, so a name means the same repository after a restart. Of two equal
 * names both become longer: {@code one/site}, {@code two/site}.
 */
final class RegistrationNames {
  private static final String GIT_SUFFIX = ".git";

  private static final String OBJECTS = "objects";

  private final Map<RepositoryLocation, String> given = new HashMap<>();
  private final Set<RepositoryLocation> unnamed = new LinkedHashSet<>();

  /** A name in the making: the last {@code length} of the parts. */
  private static final class Derived {
    final RepositoryLocation location;
    final List<String> parts;
    int length = 1;

    Derived(RepositoryLocation location, Set<Path> paths) {
      this.location = location;
      this.parts = parts(location, paths);
    }

    String name() {
      return String.join("/", parts.subList(parts.size() - length, parts.size()));
    }
  }

  void add(RepositoryLocation location, Optional<String> name) {
    name.ifPresentOrElse(text -> given.put(location, text), () -> unnamed.add(location));
  }

  Map<RepositoryLocation, String> assign() {
    Set<Path> paths = new HashSet<>();
    given.keySet().forEach(location -> paths.add(location.path()));
    unnamed.forEach(location -> paths.add(location.path()));
    List<Derived> derived =
        unnamed.stream()
            .sorted(Comparator.comparing(RepositoryLocation::path))
            .map(location -> new Derived(location, paths))
            .toList();
    while (lengthenEqual(derived)) {}
    Map<RepositoryLocation, String> names = new HashMap<>(given);
    Set<String> taken = new HashSet<>(given.values());
    for (Derived name : derived) {
      names.put(name.location, unique(name.name(), taken));
    }
    return names;
  }

  /** Whether there is anything left to do. */
  private boolean lengthenEqual(List<Derived> derived) {
    List<String> all = new ArrayList<>(given.values());
    derived.forEach(name -> all.add(name.name()));
    Map<String, Integer> counts = new HashMap<>();
    all.forEach(name -> counts.merge(name, 1, Integer::sum));
    List<Derived> equal =
        derived.stream()
            .filter(name -> counts.getOrDefault(name.name(), 0) > 1)
            .filter(name -> name.length < name.parts.size())
            .toList();
    equal.forEach(name -> name.length++);
    return !equal.isEmpty();
  }

  /** For what no longer path tells apart, such as a given name that is the whole path of another repository. */
  private static String unique(String name, Set<String> taken) {
    String unique = name;
    for (int number = 2; !taken.add(unique); number++) {
      unique = name + "~" + number;
    }
    return unique;
  }

  private static List<String> parts(RepositoryLocation location, Set<Path> paths) {
    Path path = location.path();
    List<String> parts = new ArrayList<>();
    path.forEach(part -> parts.add(part.toString().replaceAll("\\p{Cntrl}", "?")));
    if (path.equals(location.objectDirectory())) {
      dropLast(parts, OBJECTS);
    }
    dropLast(parts, GIT_SUFFIX);
    if (parts.isEmpty()) {
      return List.of("/");
    }
    String last = parts.getLast();
    if (last.endsWith(GIT_SUFFIX) && last.length() > GIT_SUFFIX.length()) {
      String stem = last.substring(0, last.length() - GIT_SUFFIX.length());
      // Beside site, site.git has to keep its suffix: no longer path would tell them apart.
      parts.set(parts.size() - 1, paths.contains(path.resolveSibling(stem)) ? last : stem);
    }
    return parts;
  }

  private static void dropLast(List<String> parts, String name) {
    if (parts.size() > 1 && parts.getLast().equals(name)) {
      parts.removeLast();
    }
  }
}
