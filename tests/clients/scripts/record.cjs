// A wrapped program, recorded as a thread, then read back, judged, evaluated and deleted with the TypeScript client.

const { ChatGeneration, LiteralClient, Score } = require("@literalai/client");

const literal = new LiteralClient({ environment: "staging" }); // LITERAL_API_URL and LITERAL_API_KEY say where
const { api } = literal;

async function main() {
  const userId = await api.getOrCreateUser("ada", { role: "admin" });
  const thread = literal.thread({ name: "Weather", tags: ["demo"], metadata: { day: 1 }, participantId: userId });
  const generation = new ChatGeneration({
    provider: "openai",
    model: "gpt",
    settings: { temperature: 0.5 },
    messages: [{ role: "user", content: [{ type: "text", text: "weather in sf?" }] }],
    messageCompletion: { role: "assistant", content: "I look it up" },
    tokenCount: 42,
  });
  let runId, llmId, fileLink;
  await thread.wrap(async () => {
    await literal.step({ type: "user_message", name: "ada", output: { content: "weather in sf?" } }).send();
    await literal.run({ name: "agent", input: { city: "sf" } }).wrap(async (run) => {
      runId = run.id;
      await literal.step({ type: "llm", name: "gpt", generation }).wrap(async (step) => {
        llmId = step.id;
      });
      await literal.step({ type: "tool", name: "get_weather", input: { city: "sf" } }).wrap(async () => ({ content: "sunny" }));
      return { answer: "sunny" };
    });
    const file = await api.createAttachment({ name: "map.bin", mime: "image/png", content: Buffer.from([0, 255, 7]) });
    fileLink = file.url;
    const answer = { type: "assistant_message", name: "bot", output: { content: "sunny" }, attachments: [file] };
    await literal.step(answer).send();
  });
  await thread.upsert(); // `wrap` sends the thread without waiting for it

  const read = await api.getThread(thread.id);
  const attached = read.steps.at(-1).attachments[0];
  const opened = await fetch(attached.url).then((answer) => answer.arrayBuffer());
  const llm = await api.getStep(llmId);
  llm.tags = ["resent"];
  await llm.send(); // with every field that was fetched, also those that are null
  const resent = await api.getStep(llmId);

  const score = (name, value) => new Score({ stepId: runId, name, type: "AI", value, scorer: "me" });
  const scores = await api.createScores([score("right", 1), score("kind", 0.5)]);
  const changed = await api.updateScore(scores[0].id, { value: 0, comment: "no" });
  const filters = [{ field: "name", operator: "eq", value: "Weather" }];
  const found = await api.getThreads({ first: 5, filters, orderBy: { column: "createdAt", direction: "DESC" } });
  const generations = await api.getGenerations({ first: 5 });

  const dataset = await api.createDataset({ name: "weather" });
  const ofStep = await dataset.addStep(runId);
  const ofGeneration = await (await api.createDataset({ name: "calls", type: "generation" })).addGeneration(llmId);
  const experiment = await dataset.createExperiment({ name: "try", params: [{ model: "gpt" }] });
  const logged = await literal.experimentItemRun().wrap(async () =>
    experiment.log({ datasetItemId: ofStep.id, input: ofStep.input, output: { answer: "no" }, scores: [] }),
  );

  const template = [{ role: "user", content: "Speak of {{topic}}" }];
  const prompt = await api.getOrCreatePrompt("greeting", template, { provider: "openai", model: "gpt" });
  const again = await api.getOrCreatePrompt("greeting", template, { provider: "openai", model: "gpt" });
  await api.updatePromptAbTesting("greeting", [{ version: 0, rollout: 100 }]);
  const served = await api.getPrompt("greeting");

  const passing = await literal.thread({ name: "passing" }).upsert();
  await api.deleteThread(passing.id);

  console.log(
    JSON.stringify({
      thread: thread.id,
      read: [read.name, read.tags, read.metadata, read.participant.identifier],
      "below the run": read.steps.filter((step) => step.parentId === runId).map((step) => step.name),
      environment: read.steps.map((step) => step.environment).every((environment) => environment === "staging"),
      attachment: [attached.name, attached.mime, attached.url.split("?")[0] === fileLink.split("?")[0]],
      opened: [...new Uint8Array(opened)],
      resent: [resent.tags, resent.threadId === thread.id, resent.parentId === runId, resent.generation.tokenCount],
      scores: scores.map(({ name, value, scorer }) => [name, value, scorer]),
      changed: [changed.value, changed.comment],
      found: found.data.map((one) => one.name),
      generations: generations.data.map((one) => [one.id === llmId, one.model]),
      "of the step": [ofStep.input, ofStep.expectedOutput, ofStep.intermediarySteps.map((step) => step.name)],
      "of the generation": [ofGeneration.metadata.promptType, ofGeneration.expectedOutput.content],
      logged: [logged.output, Boolean(logged.experimentRunId)],
      prompt: [prompt.id === again.id, served.version, served.format({ topic: "fog" })[0].content],
      rollouts: await api.getPromptAbTesting("greeting"),
      "never sent": [await api.getThread("never sent"), await api.getStep("never sent"), await api.getThread(passing.id)],
    }),
  );
}

main();
