package io.repackd.midx;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Has git and repackd verify one multi-pack-index and compares the exit status of both. */
final class VerifyComparison {
  private static final int SOUND = 0;
  private static final int FAULTS = 1;
  static final int FATAL = 128;

  /** What git dies of. Everything else it counts as a fault, and goes on. */
  private static final Set<Fault.Type> FATAL_TYPES =
      EnumSet.of(
          Fault.Type.SIGNATURE,
          Fault.Type.CHUNK_MISSING,
          Fault.Type.CHUNK_LENGTH,
          Fault.Type.PACK_NAME_ORDER,
          Fault.Type.FANOUT,
          Fault.Type.PACK_NUMBER,
          Fault.Type.LARGE_OFFSET);

  private VerifyComparison() {}

  /** What repackd says. */
  record Verdict(int status, List<Fault.Type> types, String message) {
    /** Whether it is of a kind that repackd does not touch, sound or not. */
    boolean leftAlone() {
      return status == FATAL && types.isEmpty();
    }

    static Verdict of(IndexedRepository repository) throws IOException {
      try {
        List<Fault> faults =
            MultiPackIndexVerifier.verify(
                repository.index(),
                repository.hash(),
                MultiPackIndexVerifier.Level.INDEXES,
                new Cancellation());
        List<Fault.Type> types = faults.stream().map(Fault::type).distinct().toList();
        int status = types.isEmpty() ? SOUND : FAULTS;
        if (types.stream().anyMatch(FATAL_TYPES::contains)) {
          status = FATAL;
        }
        return new Verdict(status, types, faults.toString());
      } catch (UnsupportedIndexException e) {
        return new Verdict(FATAL, List.of(), e.getMessage());
      }
    }
  }

  static int git(IndexedRepository repository) {
    return repository.repository().gitStatus("multi-pack-index", "verify");
  }

  /** Both end with a status. */
  static void assertAgreed(IndexedRepository repository, int status) throws IOException {
    Verdict ours = Verdict.of(repository);
    int git = git(repository);
    assertThat(List.of(git, ours.status()))
        .as("status of git and of repackd, which says: %s", ours.message())
        .isEqualTo(List.of(status, status));
  }

  /**
   * They may end with different ones.
   *
   * @param gits what git ends with while it deviates; {@link GitDeviation#ANY} if it cannot be told
   */
  static void assertDeviation(IndexedRepository repository, GitDeviation why, int gits, int ours)
      throws IOException {
    Verdict verdict = Verdict.of(repository);
    int git = git(repository);
    assertThat(verdict.status())
        .as("repackd's status, beside git's %d: %s", git, verdict.message())
        .isEqualTo(ours);
    if (!why.possible()) {
      assertThat(git).as("status of a git that does not deviate by %s", why).isEqualTo(ours);
    } else if (gits != GitDeviation.ANY) {
      assertThat(git).as("status of git, which deviates by %s", why).isIn(gits, ours);
    }
    if (why != GitDeviation.OBJECT_TWICE && git != SOUND) {
      assertThat(verdict.status())
          .as("repackd's status where git finds a fault")
          .isNotEqualTo(SOUND);
    }
  }

  /** Why git may see otherwise what repackd found, whatever it was that was damaged. */
  private static final Map<Fault.Type, Set<GitDeviation>> DEVIATIONS =
      Map.of(
          Fault.Type.CHUNK_TABLE, Set.of(GitDeviation.ALIGNMENT, GitDeviation.CHUNK_UPON_TABLE),
          Fault.Type.CHUNK_LENGTH, Set.of(GitDeviation.CHUNK_LENGTHS),
          Fault.Type.FANOUT, Set.of(GitDeviation.FANOUT_AT_LOAD),
          Fault.Type.LARGE_OFFSET, Set.of(GitDeviation.LARGE_OFFSET_BOUNDS),
          Fault.Type.REVERSE_INDEX, Set.of(GitDeviation.BITMAP_CHUNKS),
          Fault.Type.BITMAPPED_PACKS, Set.of(GitDeviation.BITMAP_CHUNKS));

  /** Both end with the same status, or there is a reason; and where git finds a fault, repackd does. */
  static void assertAgreedOrExplained(IndexedRepository repository, String damage)
      throws IOException {
    Verdict ours = Verdict.of(repository);
    int git = git(repository);
    if (git == ours.status()) {
      return;
    }
    String both =
        "%s: git ends with %d, repackd with %d, %s"
            .formatted(damage, git, ours.status(), ours.message());
    assertThat(ours.status()).as(both).isNotEqualTo(SOUND);
    boolean explained =
        ours.leftAlone()
            || ours.types().stream()
                .flatMap(type -> DEVIATIONS.getOrDefault(type, Set.of()).stream())
                .anyMatch(GitDeviation::possible);
    assertThat(explained).as(both).isTrue();
  }
}
