package io.repackd.maintenance;

import io.repackd.objectdir.GcPid;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.StagingFile;
import io.repackd.platform.ProcessTable;
import io.repackd.platform.ProcessTable.Census;
import io.repackd.platform.ProcessTable.Reader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Whether another tool is seen to maintain an object directory. It may delete what we would copy, and copy from what we would
 * delete; so meanwhile nothing is deleted, and nothing is chosen as a source.
 *
 * <p>There is no one sign for it. {@code git maintenance} takes {@code maintenance.lock}, and since git 2.47 may go on without it
 * in the background; {@code git gc} and JGit's take {@code gc.pid}; {@code git repack}, {@code git prune} and the verbs of {@code git
 * multi-pack-index} take neither, and are known by their processes, where those can be seen, and by the files that they write.
 *
 * <p>A fetch, a push and an import only add packs. Their files are told from those of a repack by the process that has them open.
 */
final class OtherMaintenance {
  /**
   * For how long a file that nobody visible writes to counts as being written. Whoever writes a pack comes to a full buffer within
   * seconds, if it is not stopped.
   */
  static final Duration BEING_WRITTEN = Duration.ofMinutes(10);

  /**
   * For how long a finished pack that a repack of an unknown process has ready counts as about to be used. It waits there while
   * the same repack makes the next one.
   */
  static final Duration READY = Duration.ofHours(1);

  private OtherMaintenance() {}

  /**
   * Who it is, in words.
   *
   * @param census the processes of this moment
   * @param now what ages are measured against
   * @return empty if nobody is seen to maintain it
   */
  static Optional<String> seen(ObjectDirectory directory, Census census, Instant now)
      throws IOException {
    Optional<String> process = ReaderRule.foreignMaintenance(census);
    if (process.isPresent()) {
      return process;
    }
    Optional<String> gc = GcPid.holder(directory, now);
    if (gc.isPresent()) {
      return gc;
    }
    Optional<String> lock = directory.foreignMaintenanceLock();
    return lock.isPresent() ? lock : writing(directory, census, now);
  }

  /**
   * Goes on only if nobody is seen to maintain it now.
   *
   * @throws StepFailure if somebody is
   */
  static void requireNobody(ObjectDirectory directory, Instant now)
      throws IOException, StepFailure {
    Optional<String> other = seen(directory, Readers.census(directory), now);
    if (other.isPresent()) {
      throw new StepFailure(Result.SKIPPED, "busy", other.get() + " is running");
    }
  }

  private static Optional<String> writing(ObjectDirectory directory, Census census, Instant now)
      throws IOException {
    List<StagingFile> files = StagingFile.list(directory);
    for (StagingFile file : files) {
      Optional<String> who =
          file.repack().isPresent()
              ? repack(file, file.repack().getAsLong(), now)
              : packWriter(file, census, now);
      if (who.isPresent()) {
        return who;
      }
    }
    return Optional.empty();
  }

  /** The process need not be one that can be looked into, and may be one of another machine that writes to the same disk. */
  private static Optional<String> repack(StagingFile file, long pid, Instant now) {
    boolean lives =
        new ProcessTable().commandOf(pid).filter(command -> command.startsWith("git")).isPresent();
    return lives || younger(file, READY, now)
        ? Optional.of("the git repack (pid %d) of %s".formatted(pid, file.stamp().path()))
        : Optional.empty();
  }

  private static Optional<String> packWriter(StagingFile file, Census census, Instant now) {
    Path path = file.stamp().path();
    for (Reader reader : census.readers()) {
      if (reader.files().stream().anyMatch(used -> used.path().equals(path))) {
        return ReaderRule.writesPacks(reader)
            ? Optional.of("%s: %s".formatted(reader.describe(), reader.arguments()))
            : Optional.empty();
      }
    }
    // Between the last byte and the name that it gets nobody has it open.
    boolean visible =
        census.readers().stream()
            .anyMatch(reader ->
                reader.command().startsWith("git")
                    && reader.started().isBefore(file.stamp().modified()));
    return !visible && younger(file, BEING_WRITTEN, now)
        ? Optional.of("somebody who cannot be seen and writes %s".formatted(path))
        : Optional.empty();
  }

  private static boolean younger(StagingFile file, Duration age, Instant now) {
    return Duration.between(file.stamp().modified(), now).compareTo(age) < 0;
  }
}
