package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.fuzz.FuzzInput;
import io.repackd.fuzz.FuzzTarget;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.RepositoryLocation;
import io.repackd.platform.Cancellation;
import io.repackd.platform.Pause;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/**
 * What we note for ourselves: since when packs own nothing, which are damaged, which were bundled, and a pause. Which of them, the
 * first byte says.
 */
public final class StateFilesFuzz implements FuzzTarget {
  private static final int KINDS = 4;

  @Override
  public void read(FuzzInput input, Path directory) throws IOException {
    Path objects = directory.resolve("noted/objects");
    Files.createDirectories(objects.resolve("pack"));
    ObjectDirectory opened =
        ObjectDirectory.open(new RepositoryLocation(objects, Optional.empty(), objects));
    Path state = directory.resolve("noted/state");
    byte[] content = input.rest();
    switch (input.choice(KINDS)) {
      case 0 -> ledger(state, opened, content);
      case 1 -> damaged(state, opened, content);
      case 2 -> superseded(Files.write(objects.resolve("pack/pack-1.baddeltas"), content));
      default -> pause(state, content);
    }
  }

  private static Path write(
      Path state, String folder, ObjectDirectory opened, String extension, byte[] content)
      throws IOException {
    UUID name = UUID.nameUUIDFromBytes(opened.path().toString().getBytes(StandardCharsets.UTF_8));
    return Files.write(
        Files.createDirectories(state.resolve(folder)).resolve(name + extension), content);
  }

  private static void ledger(Path state, ObjectDirectory opened, byte[] content)
      throws IOException {
    write(state, "unreferenced", opened, ".json", content);
    UnreferencedLedger ledger = UnreferencedLedger.read(state, opened);
    ledger.save();
    UnreferencedLedger again = UnreferencedLedger.read(state, opened);
    assertThat(again.windows()).isEqualTo(ledger.windows());
    assertThat(again.watched()).isEqualTo(ledger.watched());
  }

  private static void damaged(Path state, ObjectDirectory opened, byte[] content)
      throws IOException {
    write(state, "damaged", opened, ".txt", content);
    DamagedPacks damaged = DamagedPacks.read(state, opened);
    damaged.confirm(new Cancellation());
  }

  private static void superseded(Path file) throws IOException {
    SupersededPacks.read(FileStamp.of(file))
        .ifPresent(read -> assertThat(SupersededPacks.parse(read.render())).contains(read));
  }

  private static void pause(Path state, byte[] content) throws IOException {
    Files.createDirectories(state);
    Files.write(state.resolve("pause"), content);
    new Pause(state).inForce(Instant.now());
  }
}
