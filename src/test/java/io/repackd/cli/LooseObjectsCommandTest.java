package io.repackd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.LooseFiles;
import io.repackd.objectdir.RepositorySearch;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class LooseObjectsCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter errors = new StringWriter();

  @TempDir Path directory;

  private int run(Path workingDirectory, boolean terminal, String... arguments) {
    out.getBuffer().setLength(0);
    errors.getBuffer().setLength(0);
    RepositorySearch search = new RepositorySearch(workingDirectory, Map.of());
    return new CommandLine(new LooseObjectsCommand(search, terminal))
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(errors))
        .execute(arguments);
  }

  private GitRepository repository() throws Exception {
    GitRepository repository = GitRepository.withWorktree(directory.resolve("r"), "-b", "main");
    Files.writeString(repository.path().resolve("file"), "text");
    repository.git("add", ".");
    repository.git("commit", "-q", "-m", "first");
    return repository;
  }

  @Test
  void packsAndThenDropsWhatTheRepositoryAroundItHas() throws Exception {
    GitRepository repository = repository();
    Path within = Files.createDirectories(repository.path().resolve("a/b"));

    assertThat(run(within, true)).isZero();
    assertThat(errors).hasToString("packed 3 loose objects, dropped none\n");
    assertThat(repository.packFiles()).hasSize(1);

    assertThat(run(within, false, "--now")).isZero();
    assertThat(errors.toString() + out).isEmpty();
    assertThat(LooseFiles.ids(repository)).isEmpty();
    repository.assertHealthy();

    assertThat(run(within, true, "--now")).isZero();
    assertThat(errors).hasToString("packed no loose objects, dropped none\n");
    assertThat(repository.objects().resolve("aggregate.lock")).doesNotExist();
  }

  @Test
  void theBatchSizeIsTheMostThatIsPacked() throws Exception {
    GitRepository repository = repository();
    String objects = "--object-dir=" + repository.objects();

    assertThat(run(directory, true, objects, "--batch-size=2")).isZero();
    assertThat(errors).hasToString("packed 2 loose objects, dropped none\n");
    assertThat(run(directory, true, objects, "--batch-size=0", "--now")).isZero();
    assertThat(errors).hasToString("packed 1 loose objects, dropped 2\n");
    assertThat(run(directory, false, objects, "--batch-size=-1")).isEqualTo(2);
    assertThat(run(directory, false, objects, "--batch-size=x")).isEqualTo(2);
  }

  @Test
  void aBadObjectIsNamedInOneLineAndTheOthersArePacked() throws Exception {
    GitRepository repository = repository();
    Path bad = LooseFiles.write(repository, "12".repeat(20), LooseFiles.bytes("bad"));

    assertThat(run(repository.path(), false)).isEqualTo(1);
    assertThat(errors.toString().lines())
        .hasSize(1)
        .first()
        .asString()
        .startsWith("error: bad loose object " + bad.toRealPath() + ": ");
    assertThat(repository.packFiles()).hasSize(1);
  }

  @Test
  void whoIsAtItAlreadyIsNotDisturbed() throws Exception {
    GitRepository repository = repository();
    Files.writeString(repository.objects().resolve("aggregate.lock"), "");

    assertThat(run(repository.path(), false)).isEqualTo(75);
    assertThat(errors.toString().lines()).hasSize(1);
    assertThat(errors.toString()).startsWith("skipped: ").contains("aggregate.lock");
    assertThat(repository.packFiles()).isEmpty();
  }

  @Test
  void whereThereIsNoRepositoryItSaysSo() {
    assertThat(run(directory, false)).isEqualTo(1);
    assertThat(errors.toString()).startsWith("error: not a git repository");
    assertThat(run(directory, false, "--object-dir=nowhere")).isEqualTo(1);
    assertThat(errors.toString().lines()).hasSize(1);
    assertThat(errors.toString()).contains("nowhere");
  }

  @Test
  void helpTellsAllThereIs() {
    assertThat(run(directory, false, "--help")).isZero();
    assertThat(out.toString())
        .contains("--object-dir", "--batch-size", "--now", "Default: 50000", "75", "Cruft");
  }
}
