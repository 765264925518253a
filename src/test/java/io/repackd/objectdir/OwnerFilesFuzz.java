package io.repackd.objectdir;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.fuzz.FuzzInput;
import io.repackd.fuzz.FuzzTarget;
import io.repackd.platform.ProcessStamp;
import io.repackd.platform.ProcessTable.Circumstances;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Files that say who made them, or what belongs to whom: {@code .keep}, locks and what is left of them, {@code gc.pid}, alternates.
 * Which of them, the first byte says. Bit 7: whoever holds a lock is looked for, which takes a while.
 */
public final class OwnerFilesFuzz implements FuzzTarget {
  private static final int KINDS = 6;

  private static final LockPatience PATIENCE =
      new LockPatience(Duration.ZERO, Optional.of(Duration.ZERO));

  @Override
  public void read(FuzzInput input, Path directory) throws IOException {
    Path repository = directory.resolve("owned.git");
    Path objects = repository.resolve("objects");
    Files.createDirectories(objects.resolve("pack"));
    Files.createDirectories(objects.resolve("info"));
    Files.writeString(repository.resolve("config"), "");
    RepositoryLocation location =
        new RepositoryLocation(repository, Optional.of(repository), objects);
    byte[] content = input.rest();
    switch (input.choice(KINDS)) {
      case 0 -> keep(Files.write(objects.resolve("pack/pack-1.keep"), content));
      case 1 -> {
        if (input.flag(7)) {
          lock(location, objects.resolve("pack/multi-pack-index"), content);
        } else {
          stamp(content);
        }
      }
      case 2 -> stamp(content);
      case 3 -> gcPid(location, Files.write(repository.resolve("gc.pid"), content));
      case 4 -> alternates(objects, content);
      default -> {
        if (input.flag(7)) {
          companion(location, content);
        }
      }
    }
  }

  private static void keep(Path keep) throws IOException {
    KeepFile.owner(keep);
    GitKeep.abandonedBy(keep);
    TemporaryKeep.Content.parse(KeepFile.read(keep))
        .ifPresent(read -> assertThat(TemporaryKeep.Content.parse(read.render())).contains(read));
    TemporaryKeep.removeIfStale(keep, "this");
    Files.deleteIfExists(keep);
  }

  private static void lock(RepositoryLocation location, Path locked, byte[] content)
      throws IOException {
    Path file = Files.write(locked.resolveSibling(locked.getFileName() + ".lock"), content);
    try {
      FoundLock.list(location).forEach(found -> found.stale(PATIENCE, Instant.now()));
      LockFile.foreignHolder(locked);
      LockFile.acquire(locked, false).close();
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private static void companion(RepositoryLocation location, byte[] content) throws IOException {
    Path lock = Files.write(location.objectDirectory().resolve("maintenance.lock"), new byte[0]);
    Path companion = Files.write(LockFile.pidFileOf(lock), content);
    try {
      FoundLock.list(location);
      LockFile.foreignHolder(location.objectDirectory().resolve("maintenance"));
    } finally {
      Files.delete(lock);
      Files.delete(companion);
    }
  }

  private static void gcPid(RepositoryLocation location, Path file) throws IOException {
    try {
      GcPid.holder(ObjectDirectory.open(location), Instant.now());
      FoundLock.list(location);
    } finally {
      Files.delete(file);
    }
  }

  /** Whatever else is in it, the last line is followed. */
  private static void alternates(Path objects, byte[] content) throws IOException {
    Path other = Files.createDirectories(objects.resolveSibling("other"));
    Path alternates = Files.write(objects.resolve("info/alternates"), content);
    Files.writeString(alternates, "\n../other\n", StandardOpenOption.APPEND);
    Circumstances reader =
        new Circumstances(
            "git",
            objects.toString(),
            List.of("git", "log"),
            Map.of("GIT_OBJECT_DIRECTORY", objects.toString()));
    assertThat(new Borrowers(other.toRealPath()).includes(reader)).isTrue();
  }

  private static void stamp(byte[] content) {
    ProcessStamp.parse(new String(content, StandardCharsets.ISO_8859_1))
        .ifPresent(stamp -> assertThat(ProcessStamp.parse(stamp.render())).contains(stamp));
  }
}
