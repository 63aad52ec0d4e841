import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

/** A token that anyone may mint: for development chains only. */
export default buildModule("DevelopmentToken", (m) => ({
  developmentToken: m.contract("DevelopmentToken"),
}));
