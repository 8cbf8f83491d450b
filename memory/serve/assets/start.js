"use strict";

SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#page",
  deepLinking: true,
  displayRequestDuration: true,
  // Neither asked nor told anything elsewhere, nor led elsewhere by the address of the page.
  validatorUrl: null,
  queryConfigEnabled: false,
});
