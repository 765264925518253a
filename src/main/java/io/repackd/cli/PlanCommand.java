package io.repackd.cli;

import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValueFactory;
import io.repackd.config.Configuration;
import io.repackd.config.ConfigurationLoader;
import io.repackd.maintenance.Amounts;
import io.repackd.maintenance.CyclePlan;
import io.repackd.maintenance.CyclePlan.Batch;
import io.repackd.maintenance.CyclePlan.ExpireDecision;
import io.repackd.maintenance.CyclePlan.LeftAlone;
import io.repackd.maintenance.DryRun;
import io.repackd.maintenance.MaintenanceCycle;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.maintenance.PackView;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import io.repackd.registry.Registry;
import io.repackd.registry.RepositoryLocator;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code repackd plan}: what a cycle would do, and why. */
@Command(
    name = "plan",
    mixinStandardHelpOptions = true,
    description = {
      "Says what the next cycle would do with each registered repository, and why. Changes"
          + " nothing.",
      "",
      "What a cycle deletes is proven to be elsewhere before it goes; that proof is not part of the"
          + " plan. Which packs wait and what for is."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:the plan was printed",
      "1:a repository could not be read",
      "2:wrong options, or a mistake in the configuration",
      "75:a cycle would be skipped"
    })
final class PlanCommand extends RegistryCommand {
  @Option(names = "--now", description = "Plan as `once --now` would: without the safety window.")
  private boolean now;

  @Option(
      names = "--json",
      description = "Print one JSON object for each repository, one to a line.")
  private boolean json;

  @Option(
      names = {"-v", "--verbose"},
      description = "Name every pack that is put together or left alone.")
  private boolean verbose;

  PlanCommand() {}

  PlanCommand(ConfigurationLoader loader, RepositoryLocator locator) {
    super(loader, locator);
  }

  @Override
  int run(Configuration configuration, Registry registry, PrintWriter out, PrintWriter errors) {
    ExitStatus status = new ExitStatus();
    for (var failure : registry.failures()) {
      errors.println(failure);
      status.failed();
    }
    MaintenanceCycle cycle =
        new MaintenanceCycle(Clock.systemUTC(), configuration.stateDirectory());
    for (Registration registration : registry.registrations()) {
      try {
        DryRun plan = cycle.dryRun(registration, new Request(now), new Cancellation());
        print(out, registration, plan);
        if (plan.obstacle().isPresent()) {
          status.skipped();
        }
      } catch (IOException e) {
        errors.println(e.getMessage());
        status.failed();
      }
    }
    return status.code();
  }

  private void print(PrintWriter out, Registration registration, DryRun plan) {
    if (json) {
      out.println(
          ConfigValueFactory.fromMap(fields(registration, plan))
              .render(ConfigRenderOptions.concise()));
    } else {
      printText(out, registration, plan);
    }
  }

  private void printText(PrintWriter out, Registration registration, DryRun plan) {
    out.println("%s (%s)".formatted(registration.name(), registration.location().path()));
    if (plan.obstacle().isPresent()) {
      out.println("  skip: " + plan.obstacle().get());
      return;
    }
    out.println("  write: multi-pack-index " + plan.index());
    plan.damage().forEach(line -> out.println("  damaged: " + line));
    List<PackView> deletions = plan.plan().deletions();
    long bytes = deletions.stream().mapToLong(view -> view.pack().data().bytes()).sum();
    out.println(
        deletions.isEmpty()
            ? "  expire: nothing"
            : "  expire: %d packs, %s, if their objects prove to be elsewhere"
                .formatted(deletions.size(), Amounts.bytes(bytes)));
    for (ExpireDecision decision : plan.plan().expire()) {
      if (!decision.delete() || verbose) {
        out.println(
            "    %s %s: %s"
                .formatted(
                    decision.delete() ? "delete" : "wait  ",
                    decision.pack().pack().name(),
                    decision.reason()));
      }
    }
    printBatches(out, plan.plan());
  }

  private void printBatches(PrintWriter out, CyclePlan plan) {
    if (plan.batches().isEmpty()) {
      out.println("  repack: nothing");
    }
    for (Batch batch : plan.batches()) {
      out.println(
          "  repack: %d %s packs into one of about %s, %d objects"
              .formatted(
                  batch.packs().size(),
                  batch.kind().label(),
                  Amounts.bytes(batch.expectedBytes()),
                  batch.objects()));
      if (verbose) {
        batch.packs().forEach(view -> out.println("    take  " + view.pack().name()));
      }
    }
    if (verbose) {
      for (LeftAlone left : plan.leftAlone()) {
        out.println("    leave %s: %s".formatted(left.pack().pack().name(), left.reason()));
      }
    }
  }

  private static Map<String, Object> fields(Registration registration, DryRun plan) {
    Map<String, Object> fields = new HashMap<>();
    fields.put("repository", registration.name());
    fields.put("object_directory", registration.location().objectDirectory().toString());
    plan.obstacle().ifPresent(obstacle -> fields.put("obstacle", obstacle));
    fields.put("index", plan.index());
    fields.put("damage", plan.damage());
    fields.put(
        "expire",
        plan.plan().expire().stream()
            .map(decision ->
                Map.of(
                    "pack", decision.pack().pack().name(),
                    "delete", decision.delete(),
                    "reason", decision.reason()))
            .toList());
    fields.put(
        "repack",
        plan.plan().batches().stream()
            .map(batch ->
                Map.of(
                    "kind", batch.kind().label(),
                    "packs", batch.packs().stream().map(view -> view.pack().name()).toList(),
                    "expected_bytes", batch.expectedBytes(),
                    "objects", batch.objects()))
            .toList());
    fields.put(
        "left_alone",
        plan.plan().leftAlone().stream()
            .map(left -> Map.of("pack", left.pack().pack().name(), "reason", left.reason()))
            .toList());
    return fields;
  }
}
