// Pictures of the main views, at both widths and in both themes: for looking at, kept out of git.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { Desk, EXAMPLE, signIn } from "./desk";
import { VIEWS } from "./views";

const out = process.argv[2] ?? "build/screenshots";
const cases = process.argv[3]; // folder of labelled cases, to have an evaluation to show

async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector(".loading") === null);
  await page.waitForLoadState("networkidle");
}

async function decideSome(page: Page): Promise<void> {
  await page.keyboard.press("j");
  await page.keyboard.press("e");
  await signIn(page);
  const edit = page.getByRole("dialog", { name: "Edit this claim" });
  const text = edit.getByLabel("What it should say");
  await text.fill((await text.inputValue()).replace("does not exist", "was renamed"));
  await edit.getByLabel("Reason").fill("the class was renamed");
  await page.keyboard.press("Control+Enter");
  await edit.waitFor({ state: "detached" });
  await page.keyboard.press("j");
  await page.keyboard.press("a");
  await page.getByText("Accepted", { exact: true }).waitFor();
}

const desk = new Desk();
try {
  mkdirSync(out, { recursive: true });
  const first = desk.triage(EXAMPLE);
  const second = desk.triage(EXAMPLE, "--ask", "Why is the api Deployment not available?");
  if (cases) desk.carrel(["eval", "k8s-triage", "--cases", cases, "--engine", "none"]);
  await desk.serve();
  let decided = false;
  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [360, 1600]) {
      const page = await desk.enter({ colorScheme, viewport: { width, height: width < 500 ? 780 : 1000 } });
      const views = VIEWS(first).map(([name, address]) => [name, name === "compare" ? address + second : address] as const);
      for (const [name, address] of views) {
        await page.goto(`${desk.base}/${address}`);
        await settled(page);
        if (name === "report" && !decided) {
          await decideSome(page);
          decided = true;
        }
        await page.screenshot({ path: join(out, `${name}-${width}-${colorScheme}.png`) });
      }
      await page.goto(`${desk.base}/#/run/${first}`);
      await settled(page);
      await page.keyboard.press("?");
      await page.screenshot({ path: join(out, `keys-${width}-${colorScheme}.png`) });
    }
  }
  process.stdout.write(`pictures are in ${out}\n`);
} finally {
  await desk.close();
}
