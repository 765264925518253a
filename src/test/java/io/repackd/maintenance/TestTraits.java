package io.repackd.maintenance;

import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.RepositoryTraits;
import io.repackd.objectdir.SharedPermissions;

/** What a git configuration says in which nothing is set. */
final class TestTraits {
  static final RepositoryTraits DEFAULT = traits(false);

  /** But for {@code extensions.preciousObjects}. */
  static final RepositoryTraits PRECIOUS = traits(true);

  private TestTraits() {}

  private static RepositoryTraits traits(boolean precious) {
    return new RepositoryTraits(
        HashAlgorithm.SHA1,
        true,
        precious,
        true,
        false,
        Long.MAX_VALUE,
        true,
        -1,
        false,
        SharedPermissions.UMASK);
  }
}
