package io.repackd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.repackd.GitRepository;
import io.repackd.config.ConfigurationLoader;
import io.repackd.config.Environment;
import io.repackd.history.CycleJson;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Result;
import io.repackd.maintenance.Step;
import io.repackd.objectdir.RepositoryDiscovery;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class OnceAndPlanTest {
  @TempDir Path directory;

  private final Random random = new Random(20261120);
  private final StringWriter out = new StringWriter();
  private final StringWriter errors = new StringWriter();
  private Path file = Path.of("");
  private GitRepository repository = GitRepository.at(Path.of(""));

  @BeforeEach
  void start() throws IOException {
    file = directory.resolve("repackd.conf");
    repository = GitRepository.bare(directory.resolve("r.git"), "-b", "main").fetches(4, random);
    Files.writeString(
        file,
        """
        repositories = [ "r.git" ]
        state-directory = state
        repack.batch-size = 0
        """);
  }

  private ConfigurationLoader loader() {
    return new ConfigurationLoader(new Environment(Map.of(), directory, false, directory));
  }

  private int run(Object command, String... arguments) {
    out.getBuffer().setLength(0);
    errors.getBuffer().setLength(0);
    return new CommandLine(command)
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(errors))
        .execute(arguments);
  }

  private int once(String... arguments) {
    return run(new OnceCommand(loader(), RepositoryDiscovery::locate), arguments);
  }

  private int plan(String... arguments) {
    return run(new PlanCommand(loader(), RepositoryDiscovery::locate), arguments);
  }

  @Test
  void aCycleIsReportedAsJson() {
    assertThat(once("--now", "--json")).isZero();
    CycleOutcome outcome = CycleJson.parse(out.toString()).orElseThrow();
    assertThat(outcome.repository()).isEqualTo("r");
    assertThat(outcome.result()).isEqualTo(Result.OK);
    assertThat(outcome.work().packsWritten()).isEqualTo(1);
    assertThat(errors.toString()).isEmpty();
    assertThat(directory.resolve("state/history.jsonl")).exists();
    assertThat(once("--now")).isZero();
    assertThat(repository.packFiles()).hasSize(1);
    repository.assertHealthy();
  }

  @Test
  void aHeldLockGivesTheStatusForTryingAgain() throws Exception {
    Files.createFile(repository.objects().resolve("maintenance.lock"));
    assertThat(once("--json")).isEqualTo(75);
    assertThat(CycleJson.parse(out.toString()).orElseThrow().reason()).isEqualTo("locked");
  }

  @Test
  void aMissingRepositoryFailsAndTheOthersAreMaintained() {
    Path missing = directory.resolve("gone");
    assertThat(once("--config", file.toString(), "--repository", missing.toString(), "--json"))
        .isEqualTo(1);
    assertThat(errors.toString()).contains(missing.toString()).contains("no such file");
    assertThat(out.toString().lines()).hasSize(1);
    assertThat(repository.index()).exists();
  }

  @Test
  void nothingRegisteredIsAMistake() throws Exception {
    Files.writeString(file, "");
    assertThat(once()).isEqualTo(2);
    assertThat(errors.toString()).startsWith("nothing to do: no repository is registered");
  }

  @Test
  void aPlanSaysWhatWouldBeDoneAndWhatWaits() {
    List<Path> before = repository.files("");
    assertThat(plan()).isZero();
    assertThat(out.toString())
        .contains("write: multi-pack-index new, 4 packs", "expire: nothing")
        .doesNotContain("delete");
    assertThat(repository.files("")).isEqualTo(before);

    assertThat(once("--now")).isZero();
    assertThat(plan()).isZero();
    assertThat(out.toString()).contains("wait  ", "its safety window lasts another");
    assertThat(plan("--now", "--json")).isZero();
    Config planned = ConfigFactory.parseString(out.toString());
    assertThat(planned.getConfigList("expire"))
        .hasSize(4)
        .allMatch(decision -> decision.getBoolean("delete"));
  }

  @Test
  void aPlanSaysWhyACycleWouldBeSkipped() {
    repository.git("config", "core.multiPackIndex", "false");
    assertThat(plan()).isEqualTo(75);
    assertThat(out.toString()).contains("skip: ").contains("core.multiPackIndex=false");
  }

  @Test
  void aPlanSaysWhatIsBundledOrLeftToTheRepackAndTheCycleDoesIt() throws IOException {
    Files.writeString(
        file,
        """
        repositories = [ "r.git" ]
        state-directory = state
        repack { batch-size = 0, min-age = 1h }
        aggregate { min-packs = 2, min-loose = 3 }
        """);
    for (int i = 0; i < 4; i++) {
      repository.gitWithInput("loose " + i, "hash-object", "-w", "--stdin");
    }
    // The files beside a pack that just arrived may be on their way.
    for (Path index : repository.files(".idx")) {
      GitRepository.setModified(index, Instant.now().minusSeconds(60));
    }
    List<Path> before = everything();

    assertThat(plan()).isZero();
    assertThat(out.toString())
        .contains("aggregate: 5 ordinary packs into one of at most ")
        .contains("aggregate: 4 loose objects into a pack")
        .contains("write: multi-pack-index new, 1 packs");
    assertThat(plan("--now")).isZero();
    assertThat(out.toString())
        .contains("aggregate: 5 ordinary packs are left to the repack")
        .contains("write: multi-pack-index none before the repack, which takes all packs")
        .contains("5 ordinary packs into one");
    assertThat(plan("--json", "--now")).isZero();
    Config planned = ConfigFactory.parseString(out.toString());
    assertThat(everything()).isEqualTo(before);

    assertThat(once("--now", "--json")).isZero();
    CycleOutcome outcome = CycleJson.parse(out.toString()).orElseThrow();
    assertThat(outcome.steps().get(1).detail())
        .startsWith("4 loose objects into 1 pack; left 5: 5 left to the repack");
    assertThat(planned.getConfigList("aggregate.bundles")).isEmpty();
    assertThat(planned.getConfigList("aggregate.left_alone"))
        .hasSize(5)
        .allMatch(left -> left.getString("reason").equals("left to the repack"));
    assertThat(planned.getInt("aggregate.loose_objects.pack")).isEqualTo(4);
    assertThat(planned.getConfigList("repack").getFirst().getLong("objects"))
        .isEqualTo(repacked(outcome));
    repository.assertHealthy();
  }

  private static long repacked(CycleOutcome outcome) {
    return outcome.steps().stream()
        .filter(step -> step.step() == Step.REPACK)
        .mapToLong(step -> step.work().objectsPacked())
        .sum();
  }

  /** All files and directories of the repository and of what the state directory has. */
  private List<Path> everything() throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(path -> !path.equals(file)).sorted().toList();
    }
  }

  @Test
  void aPlanSaysWhyNothingIsBundled() throws IOException {
    for (Path index : repository.files(".idx")) {
      GitRepository.setModified(index, Instant.now().plus(Duration.ofHours(1)));
    }
    assertThat(plan()).isZero();
    assertThat(out.toString()).contains("aggregate: no packs (4 just arrived)");
    Files.writeString(file, "repositories = [ r.git ]\nstate-directory = state\n");
    repository.git("config", "core.repositoryFormatVersion", "1");
    repository.git("config", "extensions.preciousObjects", "true");
    assertThat(plan()).isZero();
    assertThat(out.toString())
        .contains("aggregate: no packs, because the repository has extensions.preciousObjects");
    Files.writeString(
        file, "repositories = [ r.git ]\nstate-directory = state\naggregate.enabled = no\n");
    assertThat(plan("--json")).isZero();
    assertThat(ConfigFactory.parseString(out.toString()).getString("aggregate.obstacle"))
        .isEqualTo("aggregate.enabled is false");
  }

  @Test
  void aPlanNamesWhatASupersededPackWaitsFor() throws IOException {
    for (Path index : repository.files(".idx")) {
      GitRepository.setModified(index, Instant.now().minusSeconds(60));
    }
    assertThat(
            run(
                new PackAggregateCommand(),
                "--object-dir=" + repository.objects(),
                "--min-packs=2"))
        .isZero();

    assertThat(plan("--json")).isZero();

    assertThat(ConfigFactory.parseString(out.toString()).getConfigList("aggregate.superseded"))
        .isNotEmpty()
        .allMatch(decision -> !decision.getBoolean("delete"))
        .allMatch(decision -> decision.getString("reason").startsWith("it stays for another"));
  }

  @Test
  void theyExplainThemselves() {
    for (Object command : List.of(new OnceCommand(), new PlanCommand())) {
      assertThat(run(command, "--help")).isZero();
      assertThat(out.toString())
          .contains(
              "--config=FILE", "--repository=PATH", "--now", "--json", "Exit status:", " 75 ");
    }
  }
}
