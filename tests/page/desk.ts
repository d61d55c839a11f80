// The real program with a home of its own, its review page, and a Chromium that looks at it.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from "playwright-core";

export const CARREL = process.env["CARREL"] ?? "build/release/carrel";
export const EXAMPLE = join(process.env["CARREL_SOURCE_DIR"] ?? ".", "examples/customer-123.tar.gz");
export const REVIEWER = "jo";
export const PASSWORD = "a password of a test";
const CHROMIUM = "/usr/bin/chromium";

export class Desk {
  readonly home = mkdtempSync(join(tmpdir(), "carrel-page-"));
  readonly cases = join(this.home, "cases");
  readonly errors: string[] = []; // what the page had to say on its console, and what it asked of others
  private server: ChildProcess | undefined;
  private browser: Browser | undefined;
  private last: BrowserContext | undefined; // whose cookies the next one has
  base = "";
  private link = "";

  carrel(args: string[], input = ""): string {
    return execFileSync(CARREL, args, {
      env: { ...process.env, XDG_DATA_HOME: this.home, XDG_CONFIG_HOME: this.home, NO_COLOR: "1" },
      input,
      stdio: ["pipe", "pipe", "pipe"],
      maxBuffer: 64 << 20,
    }).toString();
  }

  // A run of a bundle without a model; its id.
  triage(bundle: string, ...more: string[]): string {
    const report = JSON.parse(this.carrel(["triage", bundle, "--engine", "none", "--tenant", "acme", "--json", ...more]));
    return report.run as string;
  }

  async serve(): Promise<void> {
    this.carrel(["reviewers", "add", REVIEWER], `${PASSWORD}\n`);
    const server = spawn(CARREL, ["review", "--port", "0", "--cases", this.cases], {
      env: { ...process.env, XDG_DATA_HOME: this.home, XDG_CONFIG_HOME: this.home, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.server = server;
    this.link = await new Promise<string>((resolve, reject) => {
      let said = "";
      server.stdout.on("data", (bytes: Buffer) => {
        said += bytes.toString();
        const link = /http:\/\/\S+\/enter\?token=\S+/.exec(said);
        if (link) resolve(link[0]);
      });
      server.on("exit", (status) => reject(new Error(`carrel review ended with ${status}: ${said}`)));
    });
    this.base = new URL(this.link).origin;
  }

  // A page of a browser that came in by the one-time link.
  async enter(options: BrowserContextOptions = {}): Promise<Page> {
    if (!existsSync(CHROMIUM)) throw new Error(`there is no ${CHROMIUM}: \`setup/packages test\` installs it`);
    this.browser ??= await chromium.launch({ executablePath: CHROMIUM, chromiumSandbox: process.getuid?.() !== 0 });
    const context = await this.browser.newContext({ viewport: { width: 1600, height: 1000 }, ...options });
    const cookies = (await this.last?.cookies()) ?? [];
    this.last = context;
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().includes("status of 40")) this.errors.push(message.text());
    });
    page.on("pageerror", (error) => this.errors.push(error.message));
    page.on("request", (request) => {
      if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== this.base)
        this.errors.push(`asked ${request.url()}`);
    });
    if (cookies.length > 0) {
      await context.addCookies(cookies);
      await page.goto(this.base);
    } else {
      await page.goto(this.link);
    }
    await page.getByRole("heading", { level: 1, name: "Queue" }).waitFor();
    return page;
  }

  async close(): Promise<void> {
    await this.browser?.close();
    this.server?.removeAllListeners("exit");
    this.server?.kill();
    rmSync(this.home, { recursive: true, force: true });
  }
}

export async function signIn(page: Page): Promise<void> {
  const dialog = page.getByRole("dialog", { name: "Sign in to decide" });
  await dialog.getByLabel("Password").fill(PASSWORD);
  await dialog.getByRole("button", { name: "Sign in" }).click();
  await dialog.waitFor({ state: "detached" });
}

// A test with a desk of its own. It fails where the page had an error or asked anybody but its server.
export function deskTest(name: string, body: (desk: Desk) => Promise<void>): void {
  test(name, async () => {
    const desk = new Desk();
    try {
      await body(desk);
      if (desk.errors.length > 0) throw new Error(`the page had errors: ${desk.errors.join("; ")}`);
    } finally {
      await desk.close();
    }
  });
}
