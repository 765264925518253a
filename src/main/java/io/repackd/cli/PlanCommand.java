package io.repackd.cli;

import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValueFactory;
import io.repackd.config.Configuration;
import io.repackd.config.ConfigurationLoader;
import io.repackd.config.RepackSettings;
import io.repackd.maintenance.AggregateForecast;
import io.repackd.maintenance.AggregatePlan;
import io.repackd.maintenance.AggregatePlan.Bundle;
import io.repackd.maintenance.Amounts;
import io.repackd.maintenance.CyclePlan;
import io.repackd.maintenance.CyclePlan.Batch;
import io.repackd.maintenance.CyclePlan.ExpireDecision;
import io.repackd.maintenance.CyclePlan.LeftAlone;
import io.repackd.maintenance.CyclePlan.Taken;
import io.repackd.maintenance.DryRun;
import io.repackd.maintenance.LooseForecast;
import io.repackd.maintenance.MaintenanceCycle;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.maintenance.PackView;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import io.repackd.registry.Registry;
import io.repackd.registry.RepositoryLocator;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
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
    printAggregation(out, plan.aggregate());
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
    printBatches(out, registration.settings().repack(), plan.plan());
  }

  private void printAggregation(PrintWriter out, AggregateForecast forecast) {
    AggregatePlan plan = forecast.plan();
    Optional<String> obstacle = forecast.obstacle().or(plan::obstacle);
    obstacle.ifPresent(why -> out.println("  aggregate: no packs, because " + why));
    for (Bundle bundle : plan.bundles()) {
      out.println(
          "  aggregate: %d %s packs into one of at most %s"
              .formatted(
                  bundle.packs().size(), bundle.kind().label(), Amounts.bytes(bundle.bytes())));
      if (verbose) {
        bundle.packs().forEach(pack -> out.println("    take  " + pack.name()));
      }
    }
    for (Bundle bundle : plan.toRepack()) {
      out.println(
          "  aggregate: %d %s packs are left to the repack"
              .formatted(bundle.packs().size(), bundle.kind().label()));
    }
    if (obstacle.isEmpty() && plan.bundles().isEmpty() && plan.toRepack().isEmpty()) {
      out.println("  aggregate: no packs" + leftAlone(plan));
    }
    if (verbose) {
      plan.leftAlone()
          .forEach(left ->
              out.println("    leave %s: %s".formatted(left.pack().name(), left.reason().label())));
    }
    for (AggregatePlan.Decision decision : plan.superseded()) {
      if (!decision.delete() || verbose) {
        out.println(
            "    %s %s, superseded by %s%s"
                .formatted(
                    decision.delete() ? "delete" : "wait  ",
                    decision.pack().name(),
                    decision.supersededBy(),
                    decision.delete() ? "" : ": " + decision.reason()));
      }
    }
    printLoose(out, forecast.loose());
  }

  /** How many packs are left alone for which reason. */
  private static String leftAlone(AggregatePlan plan) {
    String reasons =
        plan.leftAlone().stream()
            .collect(
                Collectors.groupingBy(
                    AggregatePlan.LeftAlone::reason,
                    () -> new EnumMap<>(AggregatePlan.Reason.class),
                    Collectors.counting()))
            .entrySet()
            .stream()
            .map(entry -> entry.getValue() + " " + entry.getKey().label())
            .collect(Collectors.joining(", "));
    return reasons.isEmpty() ? "" : " (" + reasons + ")";
  }

  private static void printLoose(PrintWriter out, LooseForecast loose) {
    if (loose.pack() > 0) {
      out.println("  aggregate: %d loose objects into a pack".formatted(loose.pack()));
    }
    if (loose.drop() > 0) {
      out.println(
          "  aggregate: drop %d loose objects, if their packed copies prove to be sound"
              .formatted(loose.drop()));
    }
    loose.left().forEach(why -> out.println("  aggregate: loose objects: " + why));
  }

  private void printBatches(PrintWriter out, RepackSettings settings, CyclePlan plan) {
    String strategy =
        "  repack (%s, %s search for deltas): "
            .formatted(settings.strategy(), settings.deltaSearch() ? "with a" : "no");
    if (plan.batches().isEmpty()) {
      out.println(strategy + "nothing");
    }
    for (Batch batch : plan.batches()) {
      out.println(
          strategy
              + "%s %s, %d objects"
                  .formatted(batch.words(batch.expectedPacks()), size(batch), batch.objects()));
      if (verbose) {
        for (Taken taken : batch.taken()) {
          out.println("    take  %s: %s".formatted(taken.pack().pack().name(), taken.reason()));
        }
      }
    }
    if (verbose) {
      for (LeftAlone left : plan.leftAlone()) {
        out.println("    leave %s: %s".formatted(left.pack().pack().name(), left.reason()));
      }
    }
  }

  private static String size(Batch batch) {
    String bytes = Amounts.bytes(batch.expectedBytes());
    return batch.expectedPacks() == 1
        ? "of about " + bytes
        : "or more of at most %s, about %s together"
            .formatted(Amounts.bytes(batch.packBytes()), bytes);
  }

  private static Map<String, Object> fields(Registration registration, DryRun plan) {
    Map<String, Object> fields = new HashMap<>();
    fields.put("repository", registration.name());
    fields.put("object_directory", registration.location().objectDirectory().toString());
    plan.obstacle().ifPresent(obstacle -> fields.put("obstacle", obstacle));
    fields.put("aggregate", fields(plan.aggregate()));
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
    RepackSettings repack = registration.settings().repack();
    fields.put("strategy", repack.strategy().toString());
    fields.put("delta_search", repack.deltaSearch());
    fields.put(
        "repack",
        plan.plan().batches().stream()
            .map(batch ->
                Map.of(
                    "kind", batch.kind().label(),
                    "packs", batch.packs().stream().map(view -> view.pack().name()).toList(),
                    "reasons", batch.taken().stream().map(Taken::reason).toList(),
                    "expected_bytes", batch.expectedBytes(),
                    "expected_packs", batch.expectedPacks(),
                    "objects", batch.objects()))
            .toList());
    fields.put(
        "left_alone",
        plan.plan().leftAlone().stream()
            .map(left -> Map.of("pack", left.pack().pack().name(), "reason", left.reason()))
            .toList());
    return fields;
  }

  private static Map<String, Object> fields(AggregateForecast forecast) {
    AggregatePlan plan = forecast.plan();
    Map<String, Object> fields = new HashMap<>();
    forecast.obstacle().or(plan::obstacle).ifPresent(why -> fields.put("obstacle", why));
    fields.put(
        "bundles",
        plan.bundles().stream()
            .map(bundle ->
                Map.of(
                    "kind", bundle.kind().label(),
                    "packs", bundle.packs().stream().map(StoredPack::name).toList(),
                    "bytes", bundle.bytes()))
            .toList());
    fields.put(
        "left_alone",
        plan.leftAlone().stream()
            .map(left -> Map.of("pack", left.pack().name(), "reason", left.reason().label()))
            .toList());
    fields.put(
        "superseded",
        plan.superseded().stream()
            .map(decision ->
                Map.of(
                    "pack", decision.pack().name(),
                    "by", decision.supersededBy(),
                    "delete", decision.delete(),
                    "reason", decision.reason()))
            .toList());
    LooseForecast loose = forecast.loose();
    fields.put(
        "loose_objects", Map.of("pack", loose.pack(), "drop", loose.drop(), "left", loose.left()));
    return fields;
  }
}
