package io.repackd.registry;

import io.repackd.config.Configuration;
import io.repackd.objectdir.RepositoryDiscovery;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The object directories that are ours, as the file system was when they were resolved. Never changes; after a change of the
 * configuration, or to see new repositories below a glob, resolve anew.
 *
 * @param registrations one for each object directory, in the order of the entries; no two have the same name
 * @param failures what could not be registered
 * @param otherPaths by name: the other paths under which the same object directory was found; no key for those found once
 */
public record Registry(
    List<Registration> registrations,
    List<RegistrationFailure> failures,
    Map<String, List<Path>> otherPaths) {
  public Registry {
    registrations = List.copyOf(registrations);
    failures = List.copyOf(failures);
    otherPaths =
        otherPaths.entrySet().stream()
            .collect(
                Collectors.toUnmodifiableMap(
                    Map.Entry::getKey, entry -> List.copyOf(entry.getValue())));
  }

  /**
   * Resolves the paths and globs of a configuration. Reads directories; throws for nothing that it finds there.
   */
  public static Registry resolve(Configuration configuration) {
    return resolve(configuration, RepositoryDiscovery::locate);
  }

  /** The same with another way to find the object directory of a path. */
  public static Registry resolve(Configuration configuration, RepositoryLocator locator) {
    return new Resolution(locator).of(configuration.repositories());
  }

  /** The registration of that name. */
  public Optional<Registration> find(String name) {
    return registrations.stream()
        .filter(registration -> registration.name().equals(name))
        .findFirst();
  }
}
